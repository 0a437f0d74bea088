import type { PresenceView } from "@holdfast/broker";
import { type Entered, type Entrant, type EntryMode, sameData } from "@holdfast/broker/internal";
import type { Member } from "@holdfast/protocol";
import type { Decision } from "../journal/journal.js";
import { Shelf } from "../journal/shelf.js";
import type { Parts } from "../parts.js";
import { type RoomOp, type RoomState, roomJournals } from "./room.js";

/** Under which names a gateway holds its members, the newest first. */
export type OwnNames = readonly string[];

/** Who is present where: one journal for each channel with presence. */
export class Rooms {
  readonly shelf: Shelf<RoomState, RoomOp>;
  readonly #maxMembers: number;

  constructor(parts: Parts) {
    this.shelf = new Shelf({ ...parts, type: roomJournals(parts.random), kind: "p" });
    this.#maxMembers = parts.limits.maxMembersPerChannel;
  }

  /** Enters or updates a member. `reclaim`: unless another gateway has entered it since. Rejects with a StoreError. */
  enter(channel: string, entrant: Entrant, names: OwnNames, mode: EntryMode): Promise<Entered> {
    return this.shelf.of(channel).transact((state) => this.#enter(state, entrant, names, mode));
  }

  /** Takes a member out that one of these names holds. Rejects with a StoreError. */
  leave(channel: string, memberId: string, names: OwnNames): Promise<void> {
    return this.shelf.of(channel).transact((state) => {
      const present = state.members.get(memberId);
      const held = present !== undefined && names.includes(present.owner);
      return leaves(state, held ? [present.member] : []);
    });
  }

  /** Takes every member of a dead owner out. Rejects with a StoreError. */
  sweep(channel: string, owner: string): Promise<void> {
    return this.shelf.of(channel).transact((state) => {
      const those = [...state.members.values()].filter((present) => present.owner === owner);
      return leaves(
        state,
        those.map(({ member }) => member),
      );
    });
  }

  /** Makes sure that the channel's presence has a life. Rejects with a StoreError. */
  async watch(channel: string): Promise<void> {
    await this.shelf.of(channel).fresh();
  }

  /** Who is present, and which names hold them. Rejects with a StoreError. */
  async read(
    channel: string,
    maxMembers: number,
  ): Promise<{ readonly view: PresenceView; readonly owners: ReadonlySet<string> }> {
    const { life, version, members } = await this.shelf.of(channel).fresh();
    const all = [...members.values()];
    const view = {
      life,
      version,
      count: all.length,
      members: all.slice(0, Math.max(0, maxMembers)).map(({ member }) => member),
    };
    return { view, owners: new Set(all.map(({ owner }) => owner)) };
  }

  #enter(
    state: RoomState,
    { member, generation }: Entrant,
    names: OwnNames,
    mode: EntryMode,
  ): Decision<RoomOp, Entered> {
    const owner = names[0] ?? "";
    const { life, version, members } = state;
    const present = members.get(member.id);
    const does = (op: RoomOp): Decision<RoomOp, Entered> => {
      return { ops: [op], head: [life], result: "entered", sure: true };
    };
    const nothing = (result: Entered) => ({ ops: [], result, sure: false });
    if (present === undefined) {
      if (members.size >= this.#maxMembers) return nothing("full");
      return does(["enter", owner, member, version + 1, members.size + 1, generation]);
    }
    if (generation < present.generation) return nothing("fenced");
    const known = generation === present.generation && !names.includes(present.owner);
    if (mode === "reclaim" && known) return nothing("other");
    const { user, data } = present.member;
    if (user !== member.user || !sameData(data, member.data)) {
      return does(["update", owner, member, version + 1, members.size, generation]);
    }
    if (present.owner === owner && present.generation === generation) return nothing("entered");
    return does(["o", member.id, owner, generation]);
  }
}

function leaves(
  { life, version, members }: RoomState,
  those: readonly Member[],
): Decision<RoomOp, undefined> {
  const ops = those.map(
    (member, at): RoomOp => ["leave", member, version + at + 1, members.size - at - 1],
  );
  return { ops, head: [life], result: undefined, sure: ops.length > 0 };
}

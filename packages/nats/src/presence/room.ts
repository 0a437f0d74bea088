import type { PresenceEvent } from "@holdfast/broker";
import type { Random } from "@holdfast/core";
import type { Member } from "@holdfast/protocol";
import type { Step } from "../journal/envelope.js";
import type { JournalType } from "../journal/journal.js";

/** Someone present, and the incarnation that holds them. */
export interface Present {
  readonly member: Member;
  readonly owner: string;
  /** Counts the connections of the member's client. */
  readonly generation: number;
}

/** Who is present in one channel, as its journal has it. */
export interface RoomState {
  life: string;
  version: number;
  /** In order of entry. */
  members: Map<string, Present>;
}

/** What a step does to a room. */
export type RoomOp =
  /** Begins a life with nobody in it. */
  | readonly ["b", string]
  /** Begins a life with who is there. */
  | readonly ["n", string]
  /** A member enters or is updated: owner, member, version, count, generation. */
  | readonly ["enter" | "update", string, Member, number, number, number]
  /** A member stays as it is, under another owner or generation. */
  | readonly ["o", string, string, number]
  /** A member leaves: itself, version, count. */
  | readonly ["leave", Member, number, number];

interface SavedRoom {
  readonly life: string;
  readonly version: number;
  readonly members: readonly (readonly [string, Member, number])[];
}

const lifeLength = 12;
/** About what a member takes, in bytes. */
const memberBytes = 300;

function emptyRoom(): RoomState {
  return { life: "", version: 0, members: new Map() };
}

/** Rooms as journals. */
export function roomJournals(random: Random): JournalType<RoomState, RoomOp> {
  return {
    empty: emptyRoom,
    head: ({ life }) => [life],
    apply: applyToRoom,
    save: ({ life, version, members }): SavedRoom => ({
      life,
      version,
      members: [...members.values()].map(({ owner, member, generation }) => [
        owner,
        member,
        generation,
      ]),
    }),
    restore(saved) {
      const { life, version, members } = saved as SavedRoom;
      return {
        life,
        version,
        members: new Map(
          members.map(([owner, member, generation]) => [member.id, { owner, member, generation }]),
        ),
      };
    },
    keep: () => 0,
    begin(state) {
      const life = random.id(lifeLength);
      return { ops: [[state === undefined ? "b" : "n", life]], head: [life] };
    },
    weigh: ({ members }) => (members.size + 1) * memberBytes,
  };
}

function applyToRoom(state: RoomState, op: RoomOp): void {
  switch (op[0]) {
    case "b":
      Object.assign(state, emptyRoom(), { life: op[1] });
      return;
    case "n":
      state.life = op[1];
      state.version = 0;
      return;
    case "enter":
    case "update":
      state.members.set(op[2].id, { owner: op[1], member: op[2], generation: op[5] });
      state.version = op[3];
      return;
    case "o": {
      const present = state.members.get(op[1]);
      if (present !== undefined) {
        state.members.set(op[1], { ...present, owner: op[2], generation: op[3] });
      }
      return;
    }
    case "leave":
      state.members.delete(op[1].id);
      state.version = op[2];
      return;
  }
}

/** What a step tells of a room. */
export function presenceEvents(channel: string, { envelope }: Step): PresenceEvent[] {
  const [life = ""] = (envelope.h ?? []) as [string?];
  return (envelope.o as readonly RoomOp[]).flatMap((op): PresenceEvent[] => {
    if (op[0] === "enter" || op[0] === "update") {
      const [action, , member, version, count] = op;
      return [{ channel, life, version, action, member, count }];
    }
    if (op[0] !== "leave") return [];
    const [action, member, version, count] = op;
    return [{ channel, life, version, action, member, count }];
  });
}

import type { Clock, Random } from "@holdfast/core";
import { type Failure, failure, type Member } from "@holdfast/protocol";
import type { LeaveOptions, PresenceEvent, PresenceView } from "../contract.js";
import { GracePeriods, memberKey } from "../engine/presence/grace.js";
import type { Entrant } from "../engine/presence/registry.js";
import type { MemoryLimits } from "./options.js";
import { copyData, sameData } from "./payload.js";

const lifeLength = 12;

/** Who holds a lease on members: a link, compared by identity. */
export type LeaseHolder = object;

/** Hears of every member that is entered, changed or removed, to keep it over a restart. */
export interface PresenceJournal {
  entered(channel: string, member: Member): void;
  left(channel: string, memberId: string): void;
}

interface Present {
  member: Member;
  owner: LeaseHolder;
  generation: number;
}

interface Room {
  readonly life: string;
  version: number;
  /** In order of entry. */
  readonly members: Map<string, Present>;
}

/** Who is present where, under which link's lease. */
export class Presence {
  readonly #limits: MemoryLimits;
  readonly #random: Random;
  readonly #emit: (event: PresenceEvent) => void;
  readonly #watched: (channel: string) => boolean;
  readonly #journal: PresenceJournal | undefined;
  #rooms = new Map<string, Room>();
  /** What each owner's lease holds, so that its end finds them. */
  readonly #held = new Map<LeaseHolder, Map<string, { channel: string; memberId: string }>>();
  readonly #grace: GracePeriods;

  constructor(
    limits: MemoryLimits,
    clock: Clock,
    random: Random,
    emit: (event: PresenceEvent) => void,
    watched: (channel: string) => boolean,
    journal?: PresenceJournal,
  ) {
    this.#limits = limits;
    this.#random = random;
    this.#emit = emit;
    this.#watched = watched;
    this.#journal = journal;
    this.#grace = new GracePeriods(clock, limits.presenceGraceMs, (channel, memberId) =>
      this.#remove(channel, memberId),
    );
  }

  /**
   * Enters a member or updates its data; the last link to enter it owns it. A lower `generation` than
   * it has is refused.
   */
  enter(
    owner: LeaseHolder,
    channel: string,
    given: Member,
    generation = 0,
  ): { readonly ok: true } | Failure {
    const data = given.data === undefined ? undefined : copyData(given.data);
    if (given.data !== undefined && data === undefined) return failure("invalid_data");
    const member: Member = { ...given, ...(data === undefined ? {} : { data: data.value }) };
    const room = this.#roomOf(channel);
    const present = room.members.get(member.id);
    if (present === undefined) {
      if (room.members.size >= this.#limits.maxMembersPerChannel) {
        return failure("limit_exceeded", "The channel has as many members as it may.");
      }
      room.members.set(member.id, { member, owner, generation });
      this.#hold(owner, channel, member.id);
      this.#journal?.entered(channel, member);
      this.#tell(channel, room, "enter", member);
      return { ok: true };
    }
    if (generation < present.generation) return failure("fenced");
    this.#grace.cancel(channel, member.id);
    this.#unhold(present.owner, channel, member.id);
    this.#hold(owner, channel, member.id);
    present.owner = owner;
    present.generation = generation;
    const same = present.member.user === member.user && sameData(present.member.data, member.data);
    if (same) return { ok: true };
    present.member = member;
    this.#journal?.entered(channel, member);
    this.#tell(channel, room, "update", member);
    return { ok: true };
  }

  /** Takes a member out, unless another link or a newer connection has entered it since. */
  leave(
    owner: LeaseHolder,
    channel: string,
    memberId: string,
    { grace, generation = Number.POSITIVE_INFINITY }: LeaveOptions,
  ): void {
    const present = this.#rooms.get(channel)?.members.get(memberId);
    if (present?.owner !== owner || present.generation > generation) return;
    if (grace) this.#grace.begin(channel, memberId);
    else this.#remove(channel, memberId);
  }

  /**
   * Enters a member whose lease may have run out, unless another link has entered it since.
   * `former` is the lease before this one, if the holder is a new incarnation.
   */
  reclaim(
    owner: LeaseHolder,
    channel: string,
    { member, generation }: Entrant,
    former?: LeaseHolder,
  ): void {
    const present = this.#rooms.get(channel)?.members.get(member.id);
    const isFree = present === undefined || generation > present.generation;
    if (isFree || present.owner === owner || present.owner === former) {
      this.enter(owner, channel, member, generation);
    }
  }

  /** Lets every member of a lease leave with grace: its link has ended. */
  leaveAll(owner: LeaseHolder): void {
    for (const { channel, memberId } of [...(this.#held.get(owner)?.values() ?? [])]) {
      this.leave(owner, channel, memberId, { grace: true });
    }
  }

  /** Who is present, in order of entry. */
  view(channel: string, maxMembers: number): PresenceView {
    const room = this.#rooms.get(channel);
    // Nobody is here and nobody listens: there is no life that a later event could continue.
    if (room === undefined) return { life: this.#newLife(), version: 0, count: 0, members: [] };
    const members: Member[] = [];
    for (const present of room.members.values()) {
      if (members.length >= maxMembers) break;
      members.push(present.member);
    }
    return { life: room.life, version: room.version, count: room.members.size, members };
  }

  /** Holds the channel's life from now on: a listener compares events with it. */
  watch(channel: string): void {
    this.#roomOf(channel);
  }

  /** Lets the channel's life end when nobody is present and nobody listens. */
  release(channel: string): void {
    const room = this.#rooms.get(channel);
    if (room === undefined || room.members.size > 0 || this.#watched(channel)) return;
    this.#rooms.delete(channel);
  }

  /**
   * Loses every channel's presence, without leave events; the members of living links are
   * registered again, in new lives.
   */
  wipe(alive: (owner: LeaseHolder) => boolean): void {
    const lost = this.#rooms;
    for (const [channel, { members }] of lost) {
      for (const id of members.keys()) if (this.#grace.has(channel, id)) members.delete(id);
    }
    this.close();
    for (const [channel, room] of lost) {
      if (this.#watched(channel)) this.watch(channel);
      for (const { member, owner, generation } of room.members.values()) {
        if (alive(owner)) this.enter(owner, channel, member, generation);
      }
    }
  }

  /** Forgets everything and stops its timer. */
  close(): void {
    this.#rooms = new Map();
    this.#held.clear();
    this.#grace.close();
  }

  #hold(owner: LeaseHolder, channel: string, memberId: string): void {
    let held = this.#held.get(owner);
    if (held === undefined) {
      held = new Map();
      this.#held.set(owner, held);
    }
    held.set(memberKey(channel, memberId), { channel, memberId });
  }

  #unhold(owner: LeaseHolder, channel: string, memberId: string): void {
    const held = this.#held.get(owner);
    if (held?.delete(memberKey(channel, memberId)) && held.size === 0) this.#held.delete(owner);
  }

  #roomOf(channel: string): Room {
    let room = this.#rooms.get(channel);
    if (room === undefined) {
      room = { life: this.#newLife(), version: 0, members: new Map() };
      this.#rooms.set(channel, room);
    }
    return room;
  }

  #newLife(): string {
    return this.#random.id(lifeLength);
  }

  #remove(channel: string, memberId: string): void {
    this.#grace.cancel(channel, memberId);
    const room = this.#rooms.get(channel);
    const present = room?.members.get(memberId);
    if (room === undefined || present === undefined) return;
    room.members.delete(memberId);
    this.#journal?.left(channel, memberId);
    this.#unhold(present.owner, channel, memberId);
    this.#tell(channel, room, "leave", present.member);
    this.release(channel);
  }

  #tell(channel: string, room: Room, action: PresenceEvent["action"], member: Member): void {
    room.version += 1;
    const { life, version } = room;
    this.#emit({ channel, life, version, action, member, count: room.members.size });
  }
}

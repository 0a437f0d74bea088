import type { Done, LeaveOptions } from "@holdfast/broker";
import { digest, GracePeriods, memberKey } from "@holdfast/broker/internal";
import type { Clock } from "@holdfast/core";
import { failure, type Member } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import type { Servers } from "../servers/servers.js";
import { Held } from "./held.js";
import type { Incarnation } from "./incarnation.js";
import type { Rooms } from "./rooms.js";

interface Present {
  readonly member: Member;
  readonly digest: string;
  readonly text: string;
  readonly generation: number;
}

interface Entering {
  readonly channel: string;
  readonly count: number;
  readonly generation: number;
}

interface Leave {
  readonly channel: string;
  readonly memberId: string;
}

interface Named {
  readonly channel: string;
  readonly id: string;
}

/** What a roster is made of. */
export interface RosterOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  readonly incarnation: Incarnation;
  readonly rooms: Rooms;
}

/**
 * Whom this gateway believes to be present through it, and the work of keeping the servers of the
 * same mind: what they lost is registered again, what could not be said is said later.
 */
export class Roster {
  readonly #options: RosterOptions;
  readonly #present = new Map<string, Map<string, Present>>();
  /** Left, and the servers may not know it yet. */
  readonly #unsaid = new Map<string, Leave>();
  /** Entries under way, which may be left before they have come true. */
  readonly #entering = new Map<string, Entering>();
  /** Present, and the servers may not know it. */
  readonly #unregistered = new Map<string, Named>();
  /** Present here and, as the servers have it, through another gateway or where there was no room. */
  readonly #elsewhere = new Map<string, Named>();
  readonly #grace: GracePeriods;
  /** One operation of a member at a time: on a cluster a later one might arrive first. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #held: Held;

  constructor(options: RosterOptions) {
    this.#options = options;
    const { servers, keys, incarnation } = options;
    this.#held = new Held(servers, keys, incarnation, (partition) => this.reclaim(partition));
    this.#grace = new GracePeriods(
      options.clock,
      options.limits.presenceGraceMs,
      (channel, memberId) => this.#remove(channel, memberId),
    );
  }

  /** Channels with members of this gateway. */
  channels(): Iterable<string> {
    return this.#present.keys();
  }

  async enter(channel: string, member: Member, generation: number): Promise<Done> {
    const present = presentOf(member, generation);
    if (present === undefined) return failure("invalid_data");
    const key = memberKey(channel, member.id);
    if ((this.#newest(channel, member.id) ?? generation) > generation) return failure("fenced");
    this.#grace.cancel(channel, member.id);
    const unsaid = this.#unsaid.get(key);
    const entering = this.#entering.get(key) ?? { channel, count: 0, generation };
    this.#entering.set(key, { channel, count: entering.count + 1, generation });
    try {
      return await this.#inTurn(channel, member.id, () =>
        this.#tryToEnter(channel, present, unsaid),
      );
    } finally {
      const { count, ...newest } = this.#entering.get(key) ?? entering;
      if (count > 1) this.#entering.set(key, { count: count - 1, ...newest });
      else this.#entering.delete(key);
    }
  }

  leave(
    channel: string,
    memberId: string,
    { grace, generation = Number.POSITIVE_INFINITY }: LeaveOptions,
  ): void {
    const newest = this.#newest(channel, memberId);
    if (newest !== undefined && newest > generation) return;
    if (grace) {
      if (newest !== undefined) this.#grace.begin(channel, memberId);
      return;
    }
    this.#grace.cancel(channel, memberId);
    this.#remove(channel, memberId);
  }

  /** Registers everybody again, in one partition or in all: the servers may have lost them. */
  reclaim(partition?: number): void {
    const { keys } = this.#options;
    this.#held.forget(partition);
    for (const [channel, members] of this.#present) {
      if (partition !== undefined && keys.partitionOf(channel) !== partition) continue;
      for (const present of members.values()) {
        // Who is about to leave stays with the incarnation that is about to go.
        if (!this.#grace.has(channel, present.member.id)) this.#reclaimLater(channel, present);
      }
    }
  }

  /** Says what could not be said before. */
  sayUnsaid(): void {
    for (const { channel, memberId } of [...this.#unsaid.values()]) this.#say(channel, memberId);
    this.#tryAgain(this.#unregistered);
  }

  /** Keeps what the servers know this incarnation to hold, and finds out what they have lost. */
  async keep(): Promise<void> {
    this.#tryAgain(this.#elsewhere);
    const used = new Set(this.#present.keys());
    for (const { channel } of this.#entering.values()) used.add(channel);
    for (const { channel } of this.#unsaid.values()) used.add(channel);
    await this.#held.keep(used);
  }

  close(): void {
    this.#grace.close();
    this.#present.clear();
    this.#unsaid.clear();
    this.#unregistered.clear();
    this.#elsewhere.clear();
  }

  /** The newest connection of the member's client that has entered or is about to. */
  #newest(channel: string, memberId: string): number | undefined {
    const entering = this.#entering.get(memberKey(channel, memberId));
    return (entering ?? this.#present.get(channel)?.get(memberId))?.generation;
  }

  /** `unsaid`: the leave that was waiting when the entry was asked for; a later one counts. */
  async #tryToEnter(channel: string, present: Present, unsaid: Leave | undefined): Promise<Done> {
    const { id } = present.member;
    const key = memberKey(channel, id);
    let stands: boolean;
    try {
      const entered = await this.#enter(channel, present, "enter");
      if (entered.answer === "full") {
        return failure("limit_exceeded", "The channel has as many members as it may.");
      }
      if (entered.answer === "fenced") return failure("fenced");
      stands = entered.stands;
    } catch (error) {
      this.#undo(channel, id);
      return failureOf(error);
    }
    const since = this.#unsaid.get(key);
    if (since !== undefined && since !== unsaid) return { ok: true };
    this.#unsaid.delete(key);
    const members = this.#present.get(channel) ?? new Map<string, Present>();
    this.#present.set(channel, members.set(id, present));
    if (!stands) this.#reclaimLater(channel, present);
    return { ok: true };
  }

  /** It does not stand if it went to a server that has lost it since, or under a name taken for dead. */
  async #enter(channel: string, present: Present, mode: "enter" | "reclaim") {
    const { incarnation, rooms } = this.#options;
    const { name, formers } = incarnation;
    // Before the member, so that whoever sweeps this incarnation one day finds it.
    const holding = await this.#held.hold(channel);
    const answer = await rooms.enter(channel, present, { name, formers }, mode);
    return { answer, stands: this.#held.stands(channel, holding) };
  }

  #reclaimLater(channel: string, present: Present): void {
    const { id } = present.member;
    void this.#inTurn(channel, id, async () => {
      if (this.#present.get(channel)?.get(id) !== present) return;
      const key = memberKey(channel, id);
      try {
        const { answer, stands } = await this.#enter(channel, present, "reclaim");
        // Whoever has it may have known it for longer, and be about to see it leave.
        if (answer === "other" || answer === "full") this.#elsewhere.set(key, { channel, id });
        else if (!stands) this.#unregistered.set(key, { channel, id });
      } catch {
        this.#unregistered.set(key, { channel, id });
      }
    });
  }

  #tryAgain(names: Map<string, Named>): void {
    for (const { channel, id } of names.values()) {
      const present = this.#present.get(channel)?.get(id);
      if (present !== undefined && !this.#grace.has(channel, id)) {
        this.#reclaimLater(channel, present);
      }
    }
    names.clear();
  }

  /** An entry of which it is not known whether it was carried out is taken back, or put right. */
  #undo(channel: string, id: string): void {
    const key = memberKey(channel, id);
    // What was asked for later decides.
    if ((this.#entering.get(key)?.count ?? 0) > 1) return;
    if (this.#present.get(channel)?.has(id) === true) this.#unregistered.set(key, { channel, id });
    else this.#unsaid.set(key, { channel, memberId: id });
  }

  #remove(channel: string, memberId: string): void {
    const members = this.#present.get(channel);
    members?.delete(memberId);
    if (members?.size === 0) this.#present.delete(channel);
    this.#unsaid.set(memberKey(channel, memberId), { channel, memberId });
    this.#say(channel, memberId);
  }

  #say(channel: string, memberId: string): void {
    const key = memberKey(channel, memberId);
    const unsaid = this.#unsaid.get(key);
    void this.#inTurn(channel, memberId, async () => {
      if (unsaid === undefined || this.#unsaid.get(key) !== unsaid) return;
      try {
        await this.#options.rooms.leave(channel, memberId, this.#options.incarnation.names);
        if (this.#unsaid.get(key) === unsaid) this.#unsaid.delete(key);
      } catch {
        // Unreachable: said later, or it comes true when the lease runs out.
      }
    });
  }

  async #inTurn<T>(channel: string, memberId: string, work: () => Promise<T>): Promise<T> {
    const key = memberKey(channel, memberId);
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => {});
    this.#turns.set(key, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === settled) this.#turns.delete(key);
    }
  }
}

function presentOf(member: Member, generation: number): Present | undefined {
  try {
    const { id, user, data } = member;
    const text = JSON.stringify({ id, user, data });
    const sum = digest({ data: JSON.parse(text) });
    return { member: JSON.parse(text), digest: sum, text, generation };
  } catch {
    return undefined;
  }
}

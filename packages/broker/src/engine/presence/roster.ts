import type { Clock } from "@holdfast/core";
import { failure, type Member } from "@holdfast/protocol";
import type { Done, LeaveOptions } from "../../contract.js";
import { GracePeriods, memberKey } from "./grace.js";
import { type Leave, RecentLeaves } from "./recent-leaves.js";
import type { Entrant, Registry } from "./registry.js";

interface Entering {
  readonly channel: string;
  readonly count: number;
  readonly generation: number;
}

interface Named {
  readonly channel: string;
  readonly id: string;
}

/** What a roster is made of. */
export interface RosterOptions<Given extends Entrant> {
  readonly registry: Registry<Given>;
  readonly clock: Clock;
  /** How long a member that may come back is kept, in milliseconds. */
  readonly graceMs: number;
  /** How long the servers keep the members of a gateway that is silent, in milliseconds. */
  readonly leaseMs: number;
}

/** Leases for which who has left is remembered: by default ten minutes. */
const leasesRemembered = 20;

/**
 * The members this gateway believes to be present through it, and the work of keeping the servers in
 * agreement: what they lost is registered again, and what could not be sent is sent later.
 */
export class Roster<Given extends Entrant> {
  readonly #registry: Registry<Given>;
  readonly #present = new Map<string, Map<string, Given>>();
  /** Left, and the servers may not know it yet. */
  readonly #unsaid = new Map<string, Leave>();
  /** Left, as the servers know unless they fall back. */
  readonly #left: RecentLeaves;
  /** Entries under way, which may be left before they have come true. */
  readonly #entering = new Map<string, Entering>();
  /** Present, and the servers may not know it. */
  readonly #unregistered = new Map<string, Named>();
  /** Present here and, as the servers have it, through another gateway or where there was no room. */
  readonly #elsewhere = new Map<string, Named>();
  readonly #grace: GracePeriods;
  /** One operation of a member at a time: on a cluster a later one might arrive first. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor({ registry, clock, graceMs, leaseMs }: RosterOptions<Given>) {
    this.#registry = registry;
    this.#left = new RecentLeaves(clock, leaseMs * leasesRemembered);
    this.#grace = new GracePeriods(clock, graceMs, (channel, memberId) =>
      this.#remove(channel, memberId),
    );
  }

  /** Channels with members of this gateway. */
  channels(): Iterable<string> {
    return this.#present.keys();
  }

  /** Settles when nothing is under way. */
  async quiet(): Promise<void> {
    while (this.#turns.size > 0) await Promise.all(this.#turns.values());
  }

  async enter(channel: string, member: Member, generation: number): Promise<Done> {
    const present = this.#registry.entrantOf(member, generation);
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

  /**
   * Registers everybody again and takes out whoever has left lately, in one part or in all: the servers
   * may have lost what they were told.
   */
  reclaim(part?: number): void {
    this.#registry.forget(part);
    const isOther = (channel: string) =>
      part !== undefined && this.#registry.partOf(channel) !== part;
    for (const leave of this.#left.all()) {
      if (!isOther(leave.channel)) this.#leaveAgain(leave);
    }
    for (const [channel, members] of this.#present) {
      if (isOther(channel)) continue;
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

  /** Tries again what others had, and lets go of channels that have no member any more. Rejects as the registry does. */
  async keep(): Promise<void> {
    this.#tryAgain(this.#elsewhere);
    const used = new Set(this.#present.keys());
    for (const { channel } of this.#entering.values()) used.add(channel);
    for (const { channel } of this.#unsaid.values()) used.add(channel);
    // Who has no member there any more has to hear all the same that the servers have fallen back.
    for (const { channel } of this.#left.all()) used.add(channel);
    await this.#registry.keep(used);
  }

  close(): void {
    this.#grace.close();
    this.#left.clear();
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
  async #tryToEnter(channel: string, present: Given, unsaid: Leave | undefined): Promise<Done> {
    const { id } = present.member;
    const key = memberKey(channel, id);
    let stands: boolean;
    try {
      const entered = await this.#registry.enter(channel, present, "enter");
      if (entered.answer === "full") {
        return failure("limit_exceeded", "The channel has as many members as it may.");
      }
      if (entered.answer === "fenced") return failure("fenced");
      stands = entered.stands;
    } catch (error) {
      this.#undo(channel, id);
      return this.#registry.failureOf(error);
    }
    const since = this.#unsaid.get(key);
    if (since !== undefined && since !== unsaid) return { ok: true };
    this.#unsaid.delete(key);
    this.#left.forget(channel, id);
    const members = this.#present.get(channel) ?? new Map<string, Given>();
    this.#present.set(channel, members.set(id, present));
    if (!stands) this.#reclaimLater(channel, present);
    return { ok: true };
  }

  #reclaimLater(channel: string, present: Given): void {
    const { id } = present.member;
    void this.#inTurn(channel, id, async () => {
      if (this.#present.get(channel)?.get(id) !== present) return;
      const key = memberKey(channel, id);
      try {
        const { answer, stands } = await this.#registry.enter(channel, present, "reclaim");
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

  /** Says again what was said, unless its member is there again or about to be. */
  #leaveAgain(leave: Leave): void {
    const { channel, memberId } = leave;
    const key = memberKey(channel, memberId);
    if (this.#newest(channel, memberId) !== undefined || this.#unsaid.has(key)) return;
    this.#unsaid.set(key, leave);
    this.#say(channel, memberId);
  }

  #say(channel: string, memberId: string): void {
    const key = memberKey(channel, memberId);
    const unsaid = this.#unsaid.get(key);
    void this.#inTurn(channel, memberId, async () => {
      if (unsaid === undefined || this.#unsaid.get(key) !== unsaid) return;
      try {
        await this.#registry.leave(channel, memberId);
        this.#left.add(unsaid);
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

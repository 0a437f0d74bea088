import type { Member } from "@holdfast/protocol";
import type { HeldLease, LeaseJournal, Leases } from "../memory/leases.js";
import type { LeaseHolder, Presence, PresenceJournal } from "../memory/presence.js";
import { textKey } from "./keys.js";
import type { MemberRow, Tables } from "./store.js";
import type { Writer } from "./writer.js";

/** Length first, so that no channel and member can be mistaken for another pair. */
const memberKey = (channel: string, memberId: string) =>
  textKey(`${channel.length}:${channel}${memberId}`);

/** Keeps who is present, so that a restart is not a leave and a join for everybody. */
export class StoredMembers implements PresenceJournal {
  readonly #tables: Tables;
  readonly #writer: Writer;
  #order = 0;
  #restoring = false;

  constructor(tables: Tables, writer: Writer) {
    this.#tables = tables;
    this.#writer = writer;
  }

  entered(channel: string, member: Member): void {
    if (this.#restoring) return;
    const { members } = this.#tables;
    const key = memberKey(channel, member.id);
    this.#order += 1;
    const now = this.#order;
    void this.#writer.submit(() => {
      members.put(key, { channel, member, order: members.get(key)?.order ?? now });
    });
  }

  left(channel: string, memberId: string): void {
    void this.#writer.submit(() => this.#tables.members.remove(memberKey(channel, memberId)));
  }

  /** Enters everybody who was present when the store was last closed, under one lease. */
  restore(presence: Presence, owner: LeaseHolder): void {
    const rows: MemberRow[] = [];
    for (const { value } of this.#tables.members.range({})) rows.push(value);
    rows.sort((left, right) => left.order - right.order);
    this.#order = rows.at(-1)?.order ?? 0;
    this.#restoring = true;
    for (const { channel, member } of rows) presence.enter(owner, channel, member);
    this.#restoring = false;
  }
}

/** Keeps leases and the last token given, so that neither ends with the process. */
export class StoredLeases implements LeaseJournal {
  readonly #tables: Tables;
  readonly #writer: Writer;

  constructor(tables: Tables, writer: Writer) {
    this.#tables = tables;
    this.#writer = writer;
  }

  given(name: string, { holder, token }: HeldLease, ttlMs: number): void {
    const { leases, facts } = this.#tables;
    const key = textKey(name);
    void this.#writer.submit(() => {
      const before = leases.get(key);
      // Extended by no more than a restart would give it anyway.
      if (before?.token === token && ttlMs <= before.ttlMs) return;
      leases.put(key, { name, holder, token, ttlMs });
      facts.put(lastTokenKey, Math.max(numberOf(facts.get(lastTokenKey)), token));
    });
  }

  over(name: string): void {
    void this.#writer.submit(() => this.#tables.leases.remove(textKey(name)));
  }

  restore(leases: Leases): void {
    leases.startAbove(numberOf(this.#tables.facts.get(lastTokenKey)));
    for (const { value } of this.#tables.leases.range({})) {
      leases.restore(value.name, value, value.ttlMs);
    }
  }
}

const lastTokenKey = textKey("lastToken");

const numberOf = (fact: unknown): number => (typeof fact === "number" ? fact : 0);

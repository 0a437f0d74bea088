import type { NodeRecord } from "@holdfast/broker";
import type { Parts } from "../parts.js";
import { storeAt } from "../parts.js";
import type { StreamStore } from "../servers/store.js";

const nameLength = 16;
/** Former incarnations whose members this gateway still takes for its own. */
const maxFormers = 8;
/** Part of a lease after which one that was not renewed has run out: it was seen late, by a look's pause at most. */
const overduePart = 0.9;

/** What an incarnation says of itself; each time anew, that it lives. */
interface Record {
  readonly ended?: true;
  readonly node?: NodeRecord;
}

/** An incarnation as this gateway sees it. */
export interface Seen {
  readonly name: string;
  readonly seq: number;
  /** It has ended, or was not renewed for the time of its lease. */
  readonly over: boolean;
  readonly node?: NodeRecord;
}

/**
 * One life of this gateway as the others know it, with a lease: a message that is replaced before
 * its time runs out. Members point at it. The time is measured by whoever waits for it, from when
 * the last replacement was seen, so that no two clocks have to agree. Who takes members out ends the
 * lease first, in the same atomic step by which it is renewed: one of the two fails.
 */
export class Incarnation {
  readonly #parts: Parts;
  readonly #store: StreamStore;
  #names: readonly string[];
  #seq = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #node: NodeRecord | undefined;
  /** When each incarnation's newest message was first seen, by the monotonic clock. */
  readonly #seen = new Map<string, { readonly seq: number; readonly sinceMs: number }>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#store = storeAt(parts, 0);
    this.#names = [parts.random.id(nameLength)];
  }

  get name(): string {
    return this.#names[0] ?? "";
  }

  /** All names it ever had, as far as they are remembered, the newest first. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** What the gateway says of itself, from the next renewal on. */
  set node(node: NodeRecord | undefined) {
    this.#node = node;
  }

  /** Takes a new name; a lease under it is taken by the next renewal. */
  begin(): void {
    this.#names = [this.#parts.random.id(nameLength), ...this.#names].slice(0, maxFormers);
    this.#seq = 0;
  }

  /** Takes or renews the lease; false: it was ended by others, or lost. Rejects with a StoreError. */
  renew(): Promise<boolean> {
    const turn = this.#turn.then(() => this.#renew());
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Ends this gateway's lease; others take its members out after the grace period. */
  async end(): Promise<void> {
    await this.#put(this.name, { ended: true }, undefined);
  }

  /** Ends another's lease, unless it was renewed meanwhile. */
  async endOther({ name, seq }: Seen): Promise<boolean> {
    return (await this.#put(name, { ended: true }, seq)) !== "conflict";
  }

  /** Nothing of it is left. */
  async forget(name: string): Promise<void> {
    await this.#store.purge(this.#parts.subjects.incarnation(name));
  }

  /** Every incarnation there is. Rejects with a StoreError. */
  async look(): Promise<readonly Seen[]> {
    const { subjects, clock, limits } = this.#parts;
    const nowMs = clock.monoMs();
    const stored = await this.#store.lasts(subjects.incarnation("*"));
    const found = stored.map(({ subject, seq, text }): Seen => {
      const name = subject.split(".").at(-2) ?? "";
      const { ended, node }: Record = JSON.parse(text);
      const known = this.#seen.get(name);
      const sinceMs = known?.seq === seq ? known.sinceMs : nowMs;
      this.#seen.set(name, { seq, sinceMs });
      const over = ended === true || nowMs - sinceMs >= limits.presenceLeaseMs * overduePart;
      return { name, seq, over, ...(node !== undefined && { node }) };
    });
    const names = new Set(found.map(({ name }) => name));
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
    return found;
  }

  async #renew(): Promise<boolean> {
    const { name } = this;
    for (;;) {
      const record: Record = this.#node === undefined ? {} : { node: this.#node };
      const seq = await this.#put(name, record, this.#seq);
      if (seq !== "conflict") {
        this.#seq = seq;
        return true;
      }
      // The answer to the last renewal may have been lost.
      const last = await this.#store.last(this.#parts.subjects.incarnation(name));
      if (last === undefined || last.seq === this.#seq) return false;
      if ((JSON.parse(last.text) as Record).ended === true) return false;
      this.#seq = last.seq;
    }
  }

  async #put(
    name: string,
    record: Record,
    expected: number | undefined,
  ): Promise<number | "conflict"> {
    const subject = this.#parts.subjects.incarnation(name);
    return await this.#store.put(subject, JSON.stringify(record), {
      replaces: true,
      ...(expected !== undefined && { expected }),
    });
  }
}

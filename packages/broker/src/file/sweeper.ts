import type { MemoryLimits } from "../memory/options.js";
import { Hand } from "./hand.js";
import { idKey, idOfKey, textOfKey } from "./keys.js";
import type { ChannelRow, SessionRow, Table, Tables } from "./store.js";
import type { StoredChannels } from "./stored-channels.js";
import type { StoredLogs } from "./stored-logs.js";
import type { Writer } from "./writer.js";

/** What a sweeper is made of. */
export interface SweeperContext {
  readonly tables: Tables;
  readonly limits: MemoryLimits;
  readonly writer: Writer;
  readonly channels: StoredChannels;
  readonly logs: StoredLogs;
  nowMs(): number;
}

/** Lets go what time has run out on, a bounded part at a time; looks first, and writes only where there is something. */
export class Sweeper {
  readonly #context: SweeperContext;
  readonly #channelHand: Hand<ChannelRow>;
  readonly #sessionHand: Hand<SessionRow>;
  #busy = false;

  constructor(context: SweeperContext) {
    this.#context = context;
    this.#channelHand = new Hand(context.tables.channels);
    this.#sessionHand = new Hand(context.tables.sessions);
  }

  /** Looks at the next part of everything. One sweep's writes are done before the next begins. */
  sweep(): void {
    if (this.#busy) return;
    this.#busy = true;
    const { writer } = this.#context;
    const work = [...this.#channelWork(), ...this.#sessionWork(), ...this.#logWork()];
    if (this.#context.tables.graves.count > 0) work.push(() => this.#clearGrave());
    // A transaction that did not work is tried again with nothing in it, so that it shows when they do.
    if (!writer.working) work.push(() => undefined);
    void Promise.all(work.map((step) => writer.submit(step))).then(() => {
      this.#busy = false;
    });
  }

  *#channelWork(): Iterable<() => void> {
    const { channels, limits } = this.#context;
    for (const { key, value } of this.#channelHand.next(limits.maxSweptChannels)) {
      const name = textOfKey(key);
      if (channels.needsTending(name, value)) yield () => channels.tend(name);
    }
  }

  *#sessionWork(): Iterable<() => void> {
    const { limits, nowMs, channels } = this.#context;
    for (const { key, value } of this.#sessionHand.next(limits.maxSweptChannels)) {
      if (nowMs() - value.usedMs >= limits.sessionIdleMs) {
        yield () => channels.forgetSession(value.channel, key);
      }
    }
  }

  *#logWork(): Iterable<() => void> {
    const { logs, limits } = this.#context;
    for (const key of logs.overdue(limits.maxSweptChannels)) yield () => logs.tend(key);
  }

  /** Clears away a part of what is left of one channel or log that is gone. */
  #clearGrave(): void {
    const { tables, limits } = this.#context;
    for (const { key } of tables.graves.range({ limit: 1 })) {
      const id = idOfKey(key);
      let left = limits.maxSweptChannels;
      const clear = <Value>(table: Table<Value>) => {
        const query = { start: idKey(id), end: idKey(id + 1), limit: left };
        for (const row of left > 0 ? [...table.range(query)] : []) {
          table.remove(row.key);
          left -= 1;
        }
      };
      clear(tables.entries);
      clear(tables.logEntries);
      clear(tables.ledger);
      clear(tables.keys);
      clear(tables.sessions);
      if (left > 0) tables.graves.remove(key);
    }
  }
}

import { isFailure } from "@holdfast/broker";
import { ask } from "../ask.js";
import type { HubContext } from "../context.js";
import { jsonBytes } from "./json-bytes.js";
import type { StateAt } from "./source.js";

/** Gateways that only fold leave storing to those that publish, unless those do not get to it. */
const PATIENCE = 2;
/** Part of the interval that chance adds to it, so that gateways do not store in step. */
const JITTER = 0.25;
/** Pause after a snapshot could not be stored, in milliseconds. */
const RETRY_MS = 5_000;

/**
 * Stores a channel's folded state every so many entries or bytes, so that its history may be short and
 * nobody has to fold all of it. Several gateways may try; the engine lets the newest one stand.
 */
export class Compaction {
  readonly #channel: string;
  readonly #context: HubContext;
  /** Entries folded since the last snapshot, and their bytes. */
  #count = 0;
  #bytes = 0;
  #lateness: number;
  #publishes = false;
  #storing = false;
  #notBeforeMs = 0;

  constructor(channel: string, context: HubContext) {
    this.#channel = channel;
    this.#context = context;
    this.#lateness = this.#drawLateness();
  }

  /** This gateway publishes to the channel, so storing is up to it. */
  publishes(): void {
    this.#publishes = true;
  }

  /** Entries were folded while loading; since the stored snapshot, or besides those counted so far. */
  loaded(count: number, bytes: number, goesOn: boolean): void {
    this.#count = count + (goesOn ? this.#count : 0);
    this.#bytes = bytes + (goesOn ? this.#bytes : 0);
  }

  /** One more entry was folded. */
  folded(data: unknown): void {
    this.#count++;
    this.#bytes += jsonBytes(data);
  }

  /** Stores the state if it is time. */
  consider(found: StateAt): void {
    const { settings, clock } = this.#context;
    const factor = this.#lateness * (this.#publishes ? 1 : PATIENCE);
    const isDue =
      this.#count >= settings.snapshotEveryCount * factor ||
      this.#bytes >= settings.snapshotEveryBytes * factor;
    if (!isDue || this.#storing || clock.monoMs() < this.#notBeforeMs) return;
    this.#storing = true;
    this.#lateness = this.#drawLateness();
    this.#store(found, this.#count, this.#bytes);
  }

  #store({ position, state }: StateAt, count: number, bytes: number): void {
    const { link, clock, metrics, logger } = this.#context;
    ask(
      () => link.storeSnapshot(this.#channel, { position, state }),
      (stored) => {
        this.#storing = false;
        if (isFailure(stored)) {
          this.#notBeforeMs = clock.monoMs() + RETRY_MS;
          metrics.snapshot("failed");
          logger.warn("snapshot not stored", { error: stored.message });
          return;
        }
        // Refused, because one as new stands already, or because this one's epoch has ended.
        metrics.snapshot(stored ? "stored" : "overtaken");
        this.#count = Math.max(0, this.#count - count);
        this.#bytes = Math.max(0, this.#bytes - bytes);
      },
    );
  }

  #drawLateness(): number {
    return 1 + this.#context.random.next() * JITTER;
  }
}

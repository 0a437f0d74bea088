import type { Clock } from "@holdfast/core";
import type { fetchBounded } from "../outbound/fetch-bounded.js";
import { jwkSetKeys, type VerificationKey } from "./keys.js";

/** A JWK set that is fetched, refreshed and kept. */
export interface KeySetOptions {
  /** `https:` unless `allowPrivate`. */
  readonly url: string;
  /** Time after which the set is fetched again, in milliseconds. Default 600,000. */
  readonly refreshMs?: number;
  /** Least time between two fetches, whatever tokens name, in milliseconds. Default 10,000. */
  readonly cooldownMs?: number;
  /** Default 5,000. */
  readonly timeoutMs?: number;
  /** Default 262,144. */
  readonly maxBytes?: number;
  /** true: also `http:` and addresses inside this machine or its networks. Default false. */
  readonly allowPrivate?: boolean;
}

/**
 * The keys behind a URL. They are fetched when first needed, when they are old, and when a token
 * names one that is not there; one fetch at a time. The last good keys stay in use for as long as
 * the URL gives none.
 */
export class KeySetUrl {
  readonly #options: Required<KeySetOptions>;
  readonly #clock: Clock;
  readonly #fetch: typeof fetchBounded;
  readonly #changed: () => void;
  readonly #failed: (reason: string) => void;
  #keys: readonly VerificationKey[] = [];
  #text = "";
  #fetchedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  #failing = false;

  constructor(
    options: KeySetOptions,
    parts: {
      readonly clock: Clock;
      readonly fetch: typeof fetchBounded;
      readonly changed: () => void;
      readonly failed: (reason: string) => void;
    },
  ) {
    this.#options = {
      refreshMs: 600_000,
      cooldownMs: 10_000,
      timeoutMs: 5_000,
      maxBytes: 262_144,
      allowPrivate: false,
      ...options,
    };
    this.#clock = parts.clock;
    this.#fetch = parts.fetch;
    this.#changed = parts.changed;
    this.#failed = parts.failed;
  }

  get keys(): readonly VerificationKey[] {
    return this.#keys;
  }

  /** true: the latest fetch gave no keys. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Fetches in the background what has become old; the present keys are used meanwhile. */
  refreshIfOld(): void {
    const age = this.#clock.monoMs() - this.#fetchedMs;
    if (age >= this.#options.refreshMs) void this.fetchAgain();
  }

  /** Fetches, unless that was tried a moment ago; settles when it is done, and never rejects. */
  fetchAgain(): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching;
    const nowMs = this.#clock.monoMs();
    if (nowMs - this.#triedMs < this.#options.cooldownMs) return Promise.resolve();
    this.#triedMs = nowMs;
    this.#fetching = this.#load().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #load(): Promise<void> {
    const { url, timeoutMs, maxBytes, allowPrivate } = this.#options;
    try {
      const body = await this.#fetch(new URL(url), { timeoutMs, maxBytes, allowPrivate });
      const text = body.toString("utf8");
      const keys = jwkSetKeys(JSON.parse(text));
      if (keys.length === 0) throw new Error("It holds no key that can verify signatures.");
      this.#fetchedMs = this.#clock.monoMs();
      this.#failing = false;
      if (text === this.#text) return;
      this.#text = text;
      this.#keys = keys;
      this.#changed();
    } catch (error) {
      this.#failing = true;
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }
}

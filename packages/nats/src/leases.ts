import type {
  Done,
  LeaseOutcome,
  LeaseRelease,
  LeaseRenewal,
  LeaseRequest,
} from "@holdfast/broker";
import { judgeLeaseFields } from "@holdfast/broker/internal";
import { failure } from "@holdfast/protocol";
import { failureOf } from "./failures.js";
import { type Parts, storeAt } from "./parts.js";
import type { Stored } from "./servers/api.js";
import { StoreError } from "./servers/errors.js";

/** A lease as it is stored: replaced by each step, which must have seen the one before. */
interface StoredLease {
  /** Empty once it was released. */
  readonly holder: string;
  readonly token: number;
  readonly untilMs: number;
}

interface Held {
  readonly lease: StoredLease;
  readonly seq: number;
}

/** What is to be stored, or the answer where nothing is. */
type Verdict<T> = { readonly next: StoredLease; readonly answer: T } | { readonly answer: T };

const maxRounds = 100;

/** Leases with fencing tokens. */
export class Leases {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  acquire({ name, holder, ttlMs }: LeaseRequest): Promise<LeaseOutcome> {
    const { limits, clock } = this.#parts;
    const wrong = judgeLeaseFields({ name, holder, ttlMs }, limits);
    if (wrong !== undefined) return Promise.resolve(wrong);
    const beganMs = clock.monoMs();
    return this.#step<LeaseOutcome>(name, (held, nowMs) => {
      if (held !== undefined && held.untilMs > nowMs && held.holder !== holder) {
        const retryAfterMs = Math.max(1, Math.ceil(held.untilMs - nowMs));
        return { answer: failure("lease_held", undefined, { retryAfterMs }) };
      }
      // From the wall clock on, so that tokens also rise past those of a store that lost everything.
      const token = Math.max((held?.token ?? 0) + 1, Math.floor(nowMs));
      return {
        next: { holder, token, untilMs: nowMs + ttlMs },
        answer: { ok: true, name, token, expiresAtMs: beganMs + ttlMs },
      };
    });
  }

  renew({ name, token, ttlMs }: LeaseRenewal): Promise<LeaseOutcome> {
    const { limits, clock } = this.#parts;
    const wrong = judgeLeaseFields({ name, ttlMs }, limits);
    if (wrong !== undefined) return Promise.resolve(wrong);
    const beganMs = clock.monoMs();
    return this.#step<LeaseOutcome>(name, (held, nowMs) => {
      if (!alive(held, token, nowMs)) return { answer: failure("lease_lost") };
      return {
        next: { ...held, untilMs: nowMs + ttlMs },
        answer: { ok: true, name, token, expiresAtMs: beganMs + ttlMs },
      };
    });
  }

  release({ name, token }: LeaseRelease): Promise<Done> {
    const wrong = judgeLeaseFields({ name }, this.#parts.limits);
    if (wrong !== undefined) return Promise.resolve(wrong);
    return this.#step<Done>(name, (held, nowMs) => {
      if (!alive(held, token, nowMs)) return { answer: failure("lease_lost") };
      return { next: { holder: "", token, untilMs: 0 }, answer: { ok: true } };
    });
  }

  /** Whether nobody has had a lease since a time, by what is stored of it. */
  isOver(text: string, sinceMs: number): boolean {
    const { token, untilMs }: StoredLease = JSON.parse(text);
    // Where it was released, its token still tells about when it was acquired.
    return Math.max(token, untilMs) < sinceMs;
  }

  /** Lets a lease go as it was seen; tokens go on from the wall clock. Rejects with a StoreError. */
  async forget({ subject, seq }: Stored): Promise<void> {
    const { subjects } = this.#parts;
    const { stream } = subjects.lease(subjects.channelOf(subject));
    await storeAt(this.#parts, stream).purge(subject, { before: seq + 1 });
  }

  async #step<T extends LeaseOutcome | Done>(
    name: string,
    judge: (held: StoredLease | undefined, nowMs: number) => Verdict<T>,
  ): Promise<T | ReturnType<typeof failureOf>> {
    const { stream, subject } = this.#parts.subjects.lease(name);
    const store = storeAt(this.#parts, stream);
    try {
      for (let round = 0; round < maxRounds; round += 1) {
        const held = await this.#held(stream, subject);
        const verdict = judge(held?.lease, this.#parts.nowMs());
        if (!("next" in verdict)) return verdict.answer;
        const expected = held?.seq ?? 0;
        const body = JSON.stringify(verdict.next);
        const seq = await store.put(subject, body, { expected, replaces: true });
        if (seq !== "conflict") return verdict.answer;
      }
      throw new StoreError("contended", "others were always faster");
    } catch (error) {
      return failureOf(error);
    }
  }

  async #held(stream: number, subject: string): Promise<Held | undefined> {
    const stored = await storeAt(this.#parts, stream).last(subject);
    return stored && { lease: JSON.parse(stored.text), seq: stored.seq };
  }
}

function alive(held: StoredLease | undefined, token: number, nowMs: number): held is StoredLease {
  return held !== undefined && held.token === token && held.holder !== "" && held.untilMs > nowMs;
}

import type { Timer } from "@holdfast/core";
import type { Failure, Publish } from "@holdfast/protocol";
import { unsendable } from "../errors.js";
import { failure, unsure } from "../failures.js";
import { Backoff } from "../socket/backoff.js";
import type { PublishResult } from "./publisher.js";
import { type Answer, answerOf } from "./requests.js";
import type { Shared } from "./shared.js";

/** A publisher session of one lane, before its numbers. A later one ends all those before it. */
export interface LaneSession {
  readonly id: string;
  readonly generation: number;
}

interface Item {
  readonly body: Publish;
  readonly settle: (result: PublishResult) => void;
  readonly deadline: Timer;
  /** Where the item stands in `session`; meaningless in another one. */
  seq: number;
  session: LaneSession | undefined;
  /** Counts sends; the answer to an older one may confirm but not refuse. */
  attempt: number;
  /** Number of the request it was last sent in. */
  id: number | undefined;
  /** When it was sent first, by both clocks: one may stand still in a sleep, the other may jump. */
  firstSent: { readonly monoMs: number; readonly wallMs: number } | undefined;
  /** An attempt may have been carried out without our knowing. */
  doubt: boolean;
  refusal: Failure | undefined;
}

/** Refusals that come before the engine was asked; after any other passing one the outcome is in doubt. */
const untouched: readonly string[] = ["rate_limited", "busy", "draining", "out_of_order"];
/** A fresh session whose first publish is out of order is the engine's mistake; it is not asked for ever. */
const maxRestarts = 3;

/** One channel's publishes: in order, each under a stable key, within one publisher session at a time. */
export class Lane {
  readonly #shared: Shared;
  readonly #backoff: Backoff;
  /** Unsettled, in order; the first `#sent` of them are on the way. */
  readonly #items: Item[] = [];
  #sent = 0;
  readonly #nextSession: () => LaneSession;
  #session: LaneSession;
  #nextSeq = 1;
  #restarts = 0;

  constructor(shared: Shared, nextSession: () => LaneSession) {
    this.#shared = shared;
    this.#backoff = new Backoff(shared.settings, 250, 5000);
    this.#nextSession = nextSession;
    this.#session = nextSession();
  }

  get idle(): boolean {
    return this.#items.length === 0;
  }

  add(body: Publish, timeoutMs: number, settle: (result: PublishResult) => void): void {
    const deadline = this.#shared.settings.clock.after(timeoutMs, () => {
      if (this.#onTheWay.includes(item)) {
        item.doubt = true;
        if (item.id !== undefined) this.#shared.requests.late(item.id);
      }
      this.#fail(item, item.refusal ?? failure("timeout"));
    });
    const item: Item = {
      body,
      settle,
      deadline,
      seq: 0,
      session: undefined,
      attempt: 0,
      id: undefined,
      firstSent: undefined,
      doubt: false,
      refusal: undefined,
    };
    this.#items.push(item);
  }

  /** Sends what the window and the socket have room for. */
  pump(): void {
    const { settings, requests } = this.#shared;
    while (!this.#backoff.waiting && this.#sent < settings.maxInFlight) {
      const item = this.#items[this.#sent];
      if (item === undefined || !requests.canSend()) return;
      this.#send(item);
    }
  }

  /** What was on the way is in doubt, and is sent again under the same key, session and number. */
  lost(): void {
    this.#backoff.cancel();
    for (const item of this.#onTheWay) item.doubt = true;
    this.#sent = 0;
  }

  closed(reason: Failure): void {
    this.lost();
    for (const item of [...this.#items]) this.#fail(item, reason);
  }

  get #onTheWay(): Item[] {
    return this.#items.slice(0, this.#sent);
  }

  #send(item: Item): void {
    const { settings, wire, requests } = this.#shared;
    const { clock } = settings;
    const now = { monoMs: clock.monoMs(), wallMs: clock.wallMs() };
    const { monoMs, wallMs } = item.firstSent ?? now;
    const ageMs = Math.max(now.monoMs - monoMs, now.wallMs - wallMs);
    // A tenth is kept for the way to the gateway: past the window a repeat could be a second entry.
    if (item.doubt && ageMs >= (wire.connected?.keyWindowMs ?? 0) * 0.9) {
      this.#fail(item, failure("connection_lost"));
      return;
    }
    if (item.session !== this.#session) {
      item.session = this.#session;
      item.seq = this.#nextSeq;
      this.#nextSeq += 1;
    }
    item.attempt += 1;
    const { attempt, seq } = item;
    const session = this.#session;
    try {
      item.id = requests.send(
        (id) => ({ ...item.body, id, session: { ...session, seq } }),
        (answer) => this.#answered(item, attempt, answer),
      );
      item.firstSent ??= now;
      this.#sent += 1;
    } catch (cause) {
      // Its number was not used by anything the gateway saw, unless this is a repeat.
      if (attempt === 1) this.#nextSeq = seq;
      this.#fail(item, unsendable(cause));
    }
  }

  #answered(item: Item, attempt: number, answer: Answer): void {
    if (answer.ok && this.#items.includes(item)) {
      this.#restarts = 0;
      this.#backoff.reset();
      this.#remove(item);
      item.settle(receiptOf(answer));
    } else if (!answer.ok && attempt === item.attempt && this.#onTheWay.includes(item)) {
      this.#refused(item, answer);
    }
    this.pump();
  }

  #refused(item: Item, refusal: Failure): void {
    item.doubt ||=
      !untouched.includes(refusal.code) && (refusal.retryable || refusal.code === "internal");
    if (refusal.code === "out_of_order") {
      const head = item === this.#items[0] && item.seq === 1;
      if (head) this.#restarts += 1;
      if (this.#restarts <= maxRestarts) {
        this.#restart(item);
        return;
      }
    } else if (refusal.retryable) {
      item.refusal = refusal;
      this.#restart(item);
      this.#backoff.retry(() => this.pump(), refusal);
      return;
    }
    const last = this.#items.indexOf(item) === this.#sent - 1;
    this.#fail(item, refusal);
    // Its number stays empty. What follows on the way comes back out of order; what follows later must not.
    if (last || refusal.code === "out_of_order") this.#restart(item);
  }

  /**
   * A new publisher session: everything unsettled is numbered anew and sent again in order. What was
   * given up and is still under way in an earlier one is refused once this one has begun.
   */
  #restart(refused: Item): void {
    for (const item of this.#onTheWay) item.doubt ||= item !== refused;
    this.#session = this.#nextSession();
    this.#nextSeq = 1;
    this.#sent = 0;
  }

  #fail(item: Item, reason: Failure): void {
    this.#remove(item);
    item.settle(unsure(reason, item.doubt));
  }

  #remove(item: Item): void {
    const index = this.#items.indexOf(item);
    this.#items.splice(index, 1);
    if (index < this.#sent) {
      this.#sent -= 1;
      if (item.id !== undefined) this.#shared.requests.forget(item.id);
    }
    item.deadline.cancel();
  }
}

/** What a publish's answer says to the application. */
export function receiptOf(reply: Answer): PublishResult {
  const answer = answerOf(reply, "published");
  if (!answer.ok) return answer;
  const { type, id, channel, ...receipt } = answer.message;
  return { ...receipt, ok: true };
}

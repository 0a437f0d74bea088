import { Deadline, type Random, type TimerWheel } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import type { Peer } from "./peer.js";
import { endSubscription } from "./subscribing.js";

/**
 * Time an authorize handler has to confirm what was permitted before. With the wheel's tick it keeps
 * a withdrawal within the 2 s that the delivery contract allows.
 */
export const RECHECK_TIMEOUT_MS = 1_000;

/**
 * Asks again whether the connection may still read what it is subscribed to. Whatever is not
 * confirmed in time ends, and what is queued of it is dropped: doubt is no permission.
 */
export function recheckSubscriptions(peer: Peer, only?: string): void {
  recheck(peer, only, RECHECK_TIMEOUT_MS, () => true);
}

/** The same at a beat, without a cause for suspicion: a handler that cannot answer ends nothing. */
function recheckQuietly(peer: Peer): void {
  const { handlerTimeoutMs } = peer.shared.settings;
  recheck(peer, undefined, handlerTimeoutMs, (denied) => !denied.retryable);
}

function recheck(
  peer: Peer,
  only: string | undefined,
  timeoutMs: number,
  counts: (denied: Failure) => boolean,
): void {
  const channels = only === undefined ? peer.subscriptions.channels() : [only];
  for (const channel of channels) {
    const subscription = peer.subscriptions.get(channel);
    if (subscription === undefined) continue;
    peer.authorizer.confirm("subscribe", channel, timeoutMs, (denied) => {
      if (denied === undefined || peer.ended || !counts(denied)) return;
      // Meanwhile it may have ended, or begun anew under an answer of its own.
      if (peer.subscriptions.get(channel) !== subscription) return;
      withdraw(peer, channel, denied);
    });
  }
}

/** Ends a subscription, with the reason, and drops what is queued of it. */
export function withdraw(peer: Peer, channel: string, why: Failure): void {
  const subscription = peer.subscriptions.get(channel);
  if (subscription === undefined) return;
  const { asker } = subscription;
  endSubscription(peer, channel);
  peer.outbox.drop(channel);
  if (asker !== undefined) {
    asker.refuse(why);
    return;
  }
  const { code, message, retryable } = why;
  peer.send({ type: "unsubscribed", channel, code, message, retryable });
}

/** Rechecks one connection at a beat, since a handler's answers may change without a word. */
export class PeriodicRecheck extends Deadline {
  readonly #wheel: TimerWheel;
  readonly #intervalMs: number;
  readonly #peer: Peer;

  constructor(wheel: TimerWheel, random: Random, intervalMs: number, peer: Peer) {
    super();
    this.#wheel = wheel;
    this.#intervalMs = intervalMs;
    this.#peer = peer;
    // The first beat falls anywhere, so that connections made together do not ask together.
    wheel.set(this, intervalMs * random.next());
  }

  stop(): void {
    this.#wheel.cancel(this);
  }

  due(): void {
    this.#wheel.set(this, this.#intervalMs);
    recheckQuietly(this.#peer);
  }
}

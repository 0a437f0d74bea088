import type { EventOf } from "../history.js";
import type { IndexedHistory } from "../indexed-history.js";
import { defineInvariant, type Report } from "../invariant.js";

interface Success {
  readonly invoked: EventOf<"publish">;
  readonly settled: EventOf<"published">;
}

/** The same key in the window gives the first outcome, and never a second entry. */
export const keyIdempotence = defineInvariant(
  "key-idempotence",
  "The same publish key within its window gives the same epoch and offset, and appends once.",
  (history, report) => {
    checkOutcomes(history, report);
    checkAppends(history, report);
  },
);

function checkOutcomes(history: IndexedHistory, report: Report): void {
  const firstOfKey = new Map<string, Success>();
  for (const { invoked, settled } of history.operations.publishes.values()) {
    if (invoked.key === undefined || settled?.outcome !== "ok") continue;
    const scope = `${invoked.channel}\n${invoked.user ?? invoked.client}\n${invoked.key}`;
    const success = { invoked, settled };
    const first = firstOfKey.get(scope);
    if (first === undefined || isBeyondWindow(history, first, success)) {
      firstOfKey.set(scope, success);
    } else {
      checkRepeat(history, first, success, report);
    }
  }
}

/** Keys age from their append, which is at the earliest the first invocation. */
function isBeyondWindow(history: IndexedHistory, first: Success, later: Success): boolean {
  return later.settled.atMs - first.invoked.atMs > history.bounds.keyWindowMs;
}

function checkRepeat(
  history: IndexedHistory,
  first: Success,
  repeat: Success,
  report: Report,
): void {
  const { channel, key } = first.invoked;
  const excerpt = [first.invoked, first.settled, repeat.invoked, repeat.settled] as const;
  const [a, b] = [first.settled, repeat.settled];
  if (a.epoch === undefined || b.epoch === undefined) return;
  if (a.offset === undefined || b.offset === undefined) return;
  const facts = history.channel(channel);
  const says = `Key ${key} of ${channel}`;
  const sameLife =
    a.epoch === b.epoch ||
    facts.continues({ epoch: a.epoch, offset: a.offset }, b.epoch) ||
    facts.continues({ epoch: b.epoch, offset: b.offset }, a.epoch);
  if (!sameLife) return;
  if (first.invoked.token !== repeat.invoked.token) {
    report(`${says} succeeded with two payloads; the second should be a conflict`, ...excerpt);
    return;
  }
  const same = a.offset === b.offset;
  if (!same) {
    report(
      `${says} was acknowledged as offset ${a.offset} (epoch ${a.epoch}) and as offset ${b.offset} (epoch ${b.epoch})`,
      ...excerpt,
    );
  }
}

/** A payload published under a key stands once in a life of the history, however often it was sent. */
function checkAppends(history: IndexedHistory, report: Report): void {
  const places = new Map<string, EventOf<"append">>();
  for (const event of history.events) {
    if (event.kind !== "append") continue;
    const { channel, token } = event;
    const invoked = history.operations.ofToken(channel, token)[0]?.invoked;
    if (invoked?.key === undefined) continue;
    const place = `${channel}\n${token}`;
    const first = places.get(place);
    if (first === undefined || isLater(history, first, event)) {
      places.set(place, event);
      continue;
    }
    report(
      `${token} was published to ${channel} under key ${invoked.key} and stands there twice, at offsets ${first.offset} and ${event.offset}`,
      invoked,
      first,
      event,
    );
  }
}

/** true when the second append may be: another life of the history, or a forgotten key. */
function isLater(
  history: IndexedHistory,
  first: EventOf<"append">,
  second: EventOf<"append">,
): boolean {
  const facts = history.channel(first.channel);
  if (!facts.continues(first, second.epoch)) return true;
  return second.atMs - first.atMs > history.bounds.keyWindowMs;
}

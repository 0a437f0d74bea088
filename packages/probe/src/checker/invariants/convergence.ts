import type { EventOf, HistoryEvent } from "../history.js";
import type { IndexedHistory } from "../indexed-history.js";
import { defineInvariant, type Report } from "../invariant.js";
import { OffsetRanges } from "../offset-ranges.js";
import { type Run, SubscriptionTrack } from "../subscription-track.js";

/** When the faults are over, everyone ends up with the engine's history, in bounded time. */
export const convergence = defineInvariant(
  "convergence",
  "After healing each subscriber's concatenation equals the engine's history within the bound.",
  (history, report) => {
    const { healed } = history;
    if (healed === undefined) return;
    const barred = barredClients(history);
    for (const track of history.subscriptions) {
      const excused = barred.has(track.client) || barred.has(`${track.client}\n${track.channel}`);
      if (track.ended === undefined && !excused) checkTrack(history, track, healed, report);
    }
    checkReads(history, healed, barred, report);
  },
);

/** What is asked for once everybody has caught up is answered. */
function checkReads(
  history: IndexedHistory,
  healed: EventOf<"healed">,
  barred: ReadonlySet<string>,
  report: Report,
): void {
  const dueMs = healed.atMs + history.bounds.convergenceMs;
  for (const { invoked, settled } of history.operations.reads.values()) {
    if (invoked.atMs <= dueMs || settled === undefined || settled.outcome === "ok") continue;
    const { client, channel } = invoked;
    if (barred.has(client) || barred.has(`${client}\n${channel}`)) continue;
    report(`After healing, ${client} could not read ${channel}`, healed, invoked, settled);
  }
}

function checkTrack(
  history: IndexedHistory,
  track: SubscriptionTrack,
  healed: EventOf<"healed">,
  report: Report,
): void {
  const run = track.runs.at(-1);
  const says = `After healing, ${track.client} on ${track.channel}`;
  if (run?.begun === undefined) {
    report(`${says} never became subscribed`, track.events[0], healed);
    return;
  }
  const { final } = history.channel(track.channel);
  if (final === undefined || run.start === undefined || !run.contiguous) return;
  checkReached(track, run, final, healed, says, report);
  checkWhole(run, final, says, report);
  checkInTime(history, run, healed, says, report);
}

function checkReached(
  track: SubscriptionTrack,
  run: Run,
  final: EventOf<"final">,
  healed: EventOf<"healed">,
  says: string,
  report: Report,
): void {
  const last = run.deliveries.at(-1) ?? run.begun;
  const position = SubscriptionTrack.positionIn(run);
  const epoch = lastEpoch(track);
  if (epoch !== final.epoch) {
    report(`${says} stands in epoch ${epoch}, the engine in ${final.epoch}`, last, healed, final);
  } else if ((position?.offset ?? 0) < final.top) {
    report(
      `${says} stands at offset ${position?.offset}, the engine at ${final.top}`,
      last,
      healed,
      final,
    );
  }
}

/** The run holds every offset from its start to the engine's top. */
function checkWhole(run: Run, final: EventOf<"final">, says: string, report: Report): void {
  const seen = new OffsetRanges();
  for (const delivery of run.deliveries) seen.add(delivery.offset);
  const last = run.deliveries.at(-1);
  const missing = seen.firstMissing((run.start?.offset ?? 0) + 1);
  if (last === undefined || missing > last.offset) return;
  report(`${says} lacks offset ${missing}`, run.begun, last, final);
}

/** Each entry is handed over within the bound after healing, or after its append if that is later. */
function checkInTime(
  history: IndexedHistory,
  run: Run,
  healed: EventOf<"healed">,
  says: string,
  report: Report,
): void {
  const { convergenceMs } = history.bounds;
  for (const delivery of run.deliveries) {
    if (delivery.atMs <= healed.atMs + convergenceMs) continue;
    const born = history.channel(delivery.channel).appendAt(delivery.epoch, delivery.offset);
    if (born === undefined) continue;
    const due = Math.max(healed.atMs, born.atMs) + convergenceMs;
    if (delivery.atMs <= due) continue;
    report(
      `${says} was handed offset ${delivery.offset} only ${delivery.atMs - due + convergenceMs} ms later`,
      born,
      healed,
      delivery,
    );
    return;
  }
}

function lastEpoch(track: SubscriptionTrack): string | undefined {
  for (let index = track.events.length - 1; index >= 0; index -= 1) {
    const event = track.events[index];
    if (event?.kind === "delivered") return event.epoch;
    if (event?.kind !== "subscribed" && event?.kind !== "reset") continue;
    if (event.position !== undefined) return event.position.epoch;
  }
  return undefined;
}

/** Clients (and client + channel) whose permission stands withdrawn at the end. */
function barredClients(history: IndexedHistory): ReadonlySet<string> {
  const barred = new Set<string>();
  for (const event of history.events) {
    if (event.kind === "revoked") barred.add(nameOf(event));
    else if (event.kind === "granted") barred.delete(nameOf(event));
  }
  return barred;
}

function nameOf(event: HistoryEvent & { readonly client: string; readonly channel?: string }) {
  return event.channel === undefined ? event.client : `${event.client}\n${event.channel}`;
}

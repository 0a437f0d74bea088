import { defineInvariant, type Report } from "../invariant.js";
import { OffsetRanges } from "../offset-ranges.js";
import type { Run, SubscriptionTrack } from "../subscription-track.js";

/** No loss: between two announcements every offset is handed over. Late ones are `order`'s matter. */
export const contiguous = defineInvariant(
  "contiguous",
  "Within one subscription no offset is left out unless a reset announced it.",
  (history, report) => {
    for (const track of history.subscriptions) {
      for (const run of track.runs) checkRun(track, run, report);
    }
  },
);

function checkRun(track: SubscriptionTrack, run: Run, report: Report): void {
  const first = run.deliveries[0];
  if (first === undefined) return;
  if (run.begun === undefined) {
    report(
      `${track.client} was handed ${where(first)} of ${track.channel} before its subscription began`,
      first,
    );
    return;
  }
  checkEpochs(track, run, report);
  if (run.contiguous) checkHoles(track, run, report);
}

/** The epoch may only change where a `subscribed` or `reset` said so. */
function checkEpochs(track: SubscriptionTrack, run: Run, report: Report): void {
  let epoch = run.start?.epoch;
  let nextResume = 0;
  let before = undefined as Run["deliveries"][number] | undefined;
  for (const [index, delivery] of run.deliveries.entries()) {
    for (;;) {
      const resume = run.resumes[nextResume];
      if (resume === undefined || resume.after > index) break;
      epoch = resume.event.position?.epoch ?? epoch;
      nextResume += 1;
    }
    if (epoch !== undefined && delivery.epoch !== epoch) {
      report(
        `${track.client} was handed ${where(delivery)} of ${track.channel} while its subscription stood in epoch ${epoch}, without a reset`,
        before ?? run.begun,
        delivery,
      );
    }
    epoch = delivery.epoch;
    before = delivery;
  }
}

function checkHoles(track: SubscriptionTrack, run: Run, report: Report): void {
  const seen = new OffsetRanges();
  for (const delivery of run.deliveries) seen.add(delivery.offset);
  let expected = (run.start?.offset ?? (run.deliveries[0]?.offset ?? 1) - 1) + 1;
  let before: Run["deliveries"][number] | Run["begun"] = run.begun;
  for (const delivery of run.deliveries) {
    if (delivery.offset > expected) {
      const missing = seen.firstMissing(expected);
      if (missing < delivery.offset) {
        report(
          `${track.client} was handed ${where(delivery)} of ${track.channel}, but never ${missing}, and no reset announced the gap`,
          before,
          delivery,
        );
      }
    }
    expected = Math.max(expected, delivery.offset + 1);
    before = delivery;
  }
}

function where(delivery: { readonly epoch: string; readonly offset: number }): string {
  return `offset ${delivery.offset} (epoch ${delivery.epoch})`;
}

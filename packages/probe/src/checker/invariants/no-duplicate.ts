import type { EventOf } from "../history.js";
import { defineInvariant } from "../invariant.js";
import { OffsetRanges } from "../offset-ranges.js";

/**
 * Nothing twice: per subscription and epoch, and between two resets across epochs too
 * (a resume into a new epoch with lineage goes on after what was handed over).
 */
export const noDuplicate = defineInvariant(
  "no-duplicate",
  "Within one subscription no offset is handed over twice.",
  (history, report) => {
    for (const track of history.subscriptions) {
      const ofEpoch = new Map<string, OffsetRanges>();
      for (const run of track.runs) {
        const ofRun = new OffsetRanges();
        for (const delivery of run.deliveries) {
          const { epoch, offset } = delivery;
          let seen = ofEpoch.get(epoch);
          if (seen === undefined) {
            seen = new OffsetRanges();
            ofEpoch.set(epoch, seen);
          }
          const newInEpoch = seen.add(offset);
          const newInRun = ofRun.add(offset);
          if (newInEpoch && newInRun) continue;
          const earlier = track.events.find(
            (event): event is EventOf<"delivered"> =>
              event.kind === "delivered" && event.offset === offset && event.seq < delivery.seq,
          );
          report(
            `${track.client} was handed offset ${offset} (epoch ${epoch}) of ${track.channel} twice`,
            earlier,
            delivery,
          );
        }
      }
    }
  },
);

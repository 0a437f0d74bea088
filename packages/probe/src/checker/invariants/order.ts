import type { EventOf } from "../history.js";
import { defineInvariant } from "../invariant.js";
import { OffsetRanges } from "../offset-ranges.js";

/** Nothing swapped: a smaller offset never comes after a greater one. Repeats are `no-duplicate`'s matter. */
export const order = defineInvariant(
  "order",
  "Within one subscription offsets are handed over in ascending order.",
  (history, report) => {
    for (const track of history.subscriptions) {
      for (const run of track.runs) {
        const seen = new OffsetRanges();
        let highest: EventOf<"delivered"> | undefined;
        const start = run.start?.offset ?? 0;
        for (const delivery of run.deliveries) {
          const isNew = seen.add(delivery.offset);
          if (isNew && highest !== undefined && delivery.offset < highest.offset) {
            report(
              `${track.client} was handed offset ${delivery.offset} of ${track.channel} after offset ${highest.offset}`,
              highest,
              delivery,
            );
          } else if (isNew && delivery.offset <= start) {
            report(
              `${track.client} was handed offset ${delivery.offset} of ${track.channel}, which is not after the position ${start} its subscription began at`,
              run.begun,
              delivery,
            );
          }
          if (highest === undefined || delivery.offset > highest.offset) highest = delivery;
        }
      }
    }
  },
);

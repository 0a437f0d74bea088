import { defineInvariant } from "../invariant.js";

/** A snapshot and the publications after it leave nothing out between them and overlap in nothing. */
export const snapshotJoin = defineInvariant(
  "snapshot-join",
  "The first publication after a snapshot at offset n is n + 1.",
  (history, report) => {
    for (const track of history.subscriptions) {
      for (const run of track.runs) {
        const { begun, start } = run;
        const first = run.deliveries[0];
        if (begun?.state === undefined || first === undefined || !run.contiguous) continue;
        if (start === undefined || first.offset === start.offset + 1) continue;
        report(
          `${track.client} was given the state of ${track.channel} at offset ${start.offset}, and then offset ${first.offset}`,
          begun,
          first,
        );
      }
    }
  },
);

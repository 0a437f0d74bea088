import { defineInvariant } from "../invariant.js";

/** What is sampled as bounded is bounded. */
export const queueBounds = defineInvariant(
  "queue-bounds",
  "Every queue and buffer stays within its documented limit.",
  (history, report) => {
    for (const event of history.events) {
      if (event.kind !== "queue" || event.value <= event.limit) continue;
      report(
        `${event.queue} of ${event.owner} held ${event.value}, more than ${event.limit}`,
        event,
      );
    }
  },
);

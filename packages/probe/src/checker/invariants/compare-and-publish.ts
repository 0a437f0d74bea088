import { defineInvariant } from "../invariant.js";
import type { PublishOperation } from "../operations.js";

/** Of all who publish on the condition of one newest offset, one wins at most. */
export const compareAndPublish = defineInvariant(
  "compare-and-publish",
  "For one epoch at most one publish per `expectedOffset` succeeds, and gets the next offset.",
  (history, report) => {
    const winners = new Map<string, PublishOperation>();
    for (const operation of history.operations.publishes.values()) {
      const { invoked, settled } = operation;
      const { channel, expectedOffset } = invoked;
      if (expectedOffset === undefined || settled?.outcome !== "ok") continue;
      const { epoch, offset } = settled;
      if (epoch === undefined || offset === undefined) continue;
      if (offset !== expectedOffset + 1) {
        report(
          `${invoked.client} published to ${channel} only if the newest offset were ${expectedOffset}, and got offset ${offset}`,
          invoked,
          settled,
        );
      }
      const origin = history.channel(channel).origin(epoch, offset);
      const place = `${channel}\n${origin}\n${expectedOffset}`;
      const winner = winners.get(place);
      if (winner === undefined) {
        winners.set(place, operation);
      } else if (winner.invoked.token !== invoked.token) {
        report(
          `Two publishes to ${channel} succeeded on the condition that the newest offset were ${expectedOffset} (epoch ${epoch})`,
          winner.invoked,
          winner.settled,
          invoked,
          settled,
        );
      }
    }
  },
);

import { defineInvariant } from "../invariant.js";
import type { SubscriptionEvent, SubscriptionTrack } from "../subscription-track.js";

/** A subscription that has left an epoch never sees it again. */
export const epochMonotone = defineInvariant(
  "epoch-monotone",
  "The epochs of a subscription never go back.",
  (history, report) => {
    for (const track of history.subscriptions) {
      const left = new Map<string, SubscriptionEvent>();
      let current: string | undefined;
      for (const event of track.events) {
        const epoch = epochOf(event);
        if (epoch === undefined || epoch === current) continue;
        const leaving = left.get(epoch);
        if (leaving !== undefined) {
          report(
            `The subscription of ${track.client} to ${track.channel} went back to epoch ${epoch} after it had moved to ${epochOf(leaving)}`,
            lastBefore(track, leaving),
            leaving,
            event,
          );
        }
        if (current !== undefined) left.set(current, event);
        current = epoch;
      }
    }
  },
);

function epochOf(event: SubscriptionEvent): string | undefined {
  switch (event.kind) {
    case "delivered":
      return event.epoch;
    case "subscribed":
    case "reset":
      return event.position?.epoch;
    default:
      return undefined;
  }
}

function lastBefore(track: SubscriptionTrack, event: SubscriptionEvent) {
  return track.events.findLast((other) => other.seq < event.seq && epochOf(other) !== undefined);
}

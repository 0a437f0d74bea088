import type { EventOf } from "../history.js";
import { defineInvariant } from "../invariant.js";

type Seen = EventOf<"append" | "delivered" | "kept">;

/** One channel, epoch and offset has one payload and one id; along a lineage it is the same entry. */
export const agreement = defineInvariant(
  "agreement",
  "One channel, epoch and offset has one payload, whoever looks.",
  (history, report) => {
    const places = new Map<string, Map<string, Map<number, Seen>>>();
    for (const event of history.events) {
      if (event.kind !== "append" && event.kind !== "delivered" && event.kind !== "kept") continue;
      const { channel, offset } = event;
      const epoch = history.channel(channel).origin(event.epoch, offset);
      const entries = within(within(places, channel), epoch);
      const first = entries.get(offset);
      if (first === undefined) {
        entries.set(offset, event);
      } else if (first.token !== event.token || first.id !== event.id) {
        report(
          `Offset ${offset} (epoch ${event.epoch}) of ${channel} is ${first.token} (id ${first.id}) for ${whoSees(first)}, and ${event.token} (id ${event.id}) for ${whoSees(event)}`,
          first,
          event,
        );
      }
    }
  },
);

function within<K, V>(map: Map<string, Map<K, V>>, name: string): Map<K, V> {
  let inner = map.get(name);
  if (inner === undefined) {
    inner = new Map();
    map.set(name, inner);
  }
  return inner;
}

function whoSees(event: Seen): string {
  return event.kind === "delivered" ? event.client : "the engine";
}

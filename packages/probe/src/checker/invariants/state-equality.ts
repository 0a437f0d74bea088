import type { HistoryEvent } from "../history.js";
import { defineInvariant } from "../invariant.js";

interface Seen {
  readonly digest: string;
  readonly who: string;
  readonly event: HistoryEvent;
}

/** At one position a channel has one state, whoever folds or serves it. */
export const stateEquality = defineInvariant(
  "state-equality",
  "SDK, gateway and HTTP state are equal at equal positions.",
  (history, report) => {
    const places = new Map<string, Seen>();
    for (const event of history.events) {
      const look = lookAt(event);
      if (look === undefined) continue;
      const { channel, epoch, offset, digest, who } = look;
      const origin = offset === 0 ? epoch : history.channel(channel).origin(epoch, offset);
      const place = `${channel}\n${origin}\n${offset}`;
      const first = places.get(place);
      if (first === undefined) {
        places.set(place, { digest, who, event });
      } else if (first.digest !== digest) {
        report(
          `At offset ${offset} (epoch ${epoch}) the state of ${channel} is ${first.digest} for ${first.who}, and ${digest} for ${who}`,
          first.event,
          event,
        );
      }
    }
  },
);

function lookAt(event: HistoryEvent) {
  if (event.kind === "state") {
    const { channel, epoch, offset, digest, observer } = event;
    return { channel, epoch, offset, digest, who: observer };
  }
  if (event.kind !== "subscribed" && event.kind !== "reset") return undefined;
  const { channel, state, position, client } = event;
  if (state === undefined || position === undefined) return undefined;
  const { epoch, offset } = position;
  return { channel, epoch, offset, digest: state, who: client };
}

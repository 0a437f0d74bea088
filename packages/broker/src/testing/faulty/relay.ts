import type { Clock } from "@holdfast/core";
import type { Relay, RelayRoute } from "../../memory/fan-out.js";
import { Lane } from "./lane.js";
import type { Reach } from "./reach.js";

/** What becomes of a relay message: lost, or under way for so many milliseconds. */
export type RelayFate = "drop" | { readonly delayMs: number };

/** Decides on each relay message; the simulation's chance stands behind it. */
export type RelayDecision = (route: RelayRoute) => RelayFate;

/** A relay that loses and delays, but never reorders a channel on its way to one link. */
export function faultyRelay(clock: Clock, reach: Reach, decide: RelayDecision | undefined): Relay {
  const lanes = new Map<string, Lane>();
  return (route, deliver) => {
    const { gateway, channel } = route;
    if (!reach.hears(gateway)) return;
    const fate = decide?.(route) ?? { delayMs: 0 };
    if (fate === "drop") return;
    const name = `${gateway.length}:${gateway}${channel}`;
    const lane = lanes.get(name) ?? new Lane(clock);
    const era = reach.relayEra(gateway);
    lanes.set(name, lane);
    lane.send(fate.delayMs, () => {
      if (lane.idle) lanes.delete(name);
      if (reach.relayEra(gateway) === era) deliver();
    });
  };
}

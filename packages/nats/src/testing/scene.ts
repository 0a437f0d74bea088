import { type Scene as EngineScene, openScene } from "@holdfast/broker/testing";
import { createNatsBroker, type NatsBrokerOptions } from "../broker.js";
import type { NatsLink } from "../link.js";

/** A link to NATS with what it heard, on a clock that is driven. */
export type Scene = EngineScene<NatsLink>;

/** Links to a deployment. */
export function scene(
  url: string,
  options: Partial<NatsBrokerOptions> = {},
  gateway = "g1",
): Promise<Scene> {
  return openScene(
    (parts) => createNatsBroker({ maxReconnectDelayMs: 20, ...options, url, ...parts }),
    gateway,
    // No faster than in earnest: what servers are slow to answer on a busy machine is not to seem lost.
    1,
  );
}

import { type Scene as EngineScene, openScene } from "@holdfast/broker/testing";
import { createRedisBroker, type RedisBrokerOptions } from "../broker.js";
import type { RedisLink } from "../link.js";

/** A link to Redis with what it heard, on a clock that is driven. */
export type Scene = EngineScene<RedisLink>;

/** Links to a deployment. */
export function scene(
  url: string,
  options: Partial<RedisBrokerOptions> = {},
  gateway = "g1",
): Promise<Scene> {
  return openScene(
    (parts) => createRedisBroker({ maxReconnectDelayMs: 20, ...options, url, ...parts }),
    gateway,
  );
}

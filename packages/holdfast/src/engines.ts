import { type Engines, embeddedEngines, type OpenEngine } from "@holdfast/broker";

const redis: OpenEngine = async (url, platform) => {
  const { createRedisBroker } = await import("@holdfast/redis");
  return createRedisBroker({ url, ...platform });
};

const nats: OpenEngine = async (url, platform) => {
  const { createNatsBroker } = await import("@holdfast/nats");
  return createNatsBroker({ url, ...platform });
};

/** Every engine this package brings, by URL scheme; those of other packages are loaded when first named. */
export const engines: Engines = {
  ...embeddedEngines,
  nats,
  tls: nats,
  redis,
  rediss: redis,
  "redis+unix": redis,
  "redis+sentinel": redis,
  "rediss+sentinel": redis,
  "redis+cluster": redis,
  "rediss+cluster": redis,
};

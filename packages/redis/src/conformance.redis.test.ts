import { describeBroker, serverAbilities } from "@holdfast/broker/testing";
import { afterAll, describe, test } from "vitest";
import { RedisHarness, ShiftedServer } from "./testing/harness.js";

let shifted: Promise<ShiftedServer> | undefined;
let count = 0;

afterAll(async () => {
  await (await shifted)?.dispose();
});

describeBroker(
  "redis",
  {
    abilities: serverAbilities,
    async create() {
      shifted ??= ShiftedServer.start();
      count += 1;
      return new RedisHarness(await shifted, count);
    },
  },
  { describe, test },
);

describeBroker(
  "redis by plain publish and subscribe, as before version 7",
  {
    abilities: ["crash", "cutRelay", "pauseOne", "wipe"],
    async create() {
      shifted ??= ShiftedServer.start();
      count += 1;
      return new RedisHarness(await shifted, count, {}, "&pubsub=plain");
    },
  },
  { describe, test },
);

import { describeBroker } from "@holdfast/broker/testing";
import { afterAll, describe, test } from "vitest";
import { abilities, RedisHarness, ShiftedServer } from "./testing/harness.js";

let shifted: Promise<ShiftedServer> | undefined;
let count = 0;

afterAll(async () => {
  await (await shifted)?.dispose();
});

describeBroker(
  "redis",
  {
    abilities,
    async create() {
      shifted ??= ShiftedServer.start();
      count += 1;
      return new RedisHarness(await shifted, count);
    },
  },
  { describe, test },
);

import { expect, test } from "vitest";
import { isSoundCluster } from "./cluster_nats.mjs";

test.each([
  ["nats-server: v2.9.25", false],
  ["nats-server: v2.10.0", true],
  ["nats-server: v2.12.15", true],
  ["nats-server: v3.0.0", true],
  ["nats-server: v1.4.1", false],
  ["command not found", false],
])("%s: a cluster to prove something on: %s", (said, isSound) => {
  expect(isSoundCluster(said)).toBe(isSound);
});

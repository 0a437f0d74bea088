import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { resolve } from "../../packages/holdfast/src/config/resolve.js";
import { isSoundCluster, variable } from "./cluster_nats.mjs";

test("its variable is known to contributors, and holdfast takes it for no option of its own", async () => {
  const page = await readFile(new URL("../../CONTRIBUTING.md", import.meta.url), "utf8");
  expect(page).toContain(variable);
  expect(() => resolve({ env: { [variable]: "/path" }, flags: new Map() })).not.toThrow();
});

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

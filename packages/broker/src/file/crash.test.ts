import { expect, test } from "vitest";
import { crashAtEveryCommit } from "./testing/crash-run.js";

test("at whichever commit its process ends, a store has all of what was acknowledged and told, and each publish once", async () => {
  expect(await crashAtEveryCommit()).toBeGreaterThan(20);
}, 120_000);

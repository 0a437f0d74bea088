import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { Ability, BrokerHarness } from "../../testing/harness.js";
import { brokerChecks, runBrokerCheck } from "../../testing/mod.js";
import { createFileBroker } from "../node/open.js";
import { type Ending, ReopeningBroker } from "./reopening-broker.js";

export { crashAtEveryCommit } from "./crash-run.js";

/** What the harness can do to a store. */
export const abilities: readonly Ability[] = ["clock", "wait", "restart"];

/** A fresh store, whose restarts end it in one of the two ways. */
export async function fileHarness(ending: Ending): Promise<BrokerHarness> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-file-"));
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const broker = await ReopeningBroker.open(() => createFileBroker({ folder, clock, random }));
  const settle = () => broker.settle();
  return {
    broker,
    settle,
    advance: async (ms) => {
      await settle();
      await clock.advanceAsync(ms);
      await settle();
    },
    faults: { restart: () => broker.reopen(ending) },
    dispose: async () => {
      await broker.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Runs the check whose sentence has this in it; throws what the engine got wrong. */
export async function runCheckThatSays(part: string): Promise<void> {
  const found = Object.values(brokerChecks)
    .flat()
    .find(({ sentence }) => sentence.includes(part));
  if (found === undefined) throw new Error(`no check says: ${part}`);
  await runBrokerCheck(found, () => fileHarness("abandoned"));
}

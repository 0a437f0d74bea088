import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, test } from "vitest";
import { describeBroker } from "../testing/mod.js";
import { createFileBroker } from "./mod.js";
import { ReopeningBroker } from "./testing/reopening-broker.js";

for (const [name, ending] of [
  ["file, closed and opened again", "closed"],
  ["file, killed and opened again", "abandoned"],
] as const) {
  describeBroker(
    name,
    {
      abilities: ["clock", "wait", "restart"],
      async create() {
        const folder = await mkdtemp(join(tmpdir(), "holdfast-file-"));
        const clock = new VirtualClock();
        const random = new SeededRandom(1);
        const broker = await ReopeningBroker.open(() =>
          createFileBroker({ folder, clock, random }),
        );
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
      },
    },
    { describe, test },
  );
}

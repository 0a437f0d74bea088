import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, test } from "vitest";
import type { BrokerFaults } from "../testing/harness.js";
import {
  type BrokerHarness,
  createFaultyMemoryBroker,
  describeBroker,
  type FaultyMemoryOptions,
} from "../testing/mod.js";
import { createPartitionedBroker } from "./broker.js";

/** Settling takes this long: longer than any delay of the relay below. */
const settleMs = 100;

/** Two deployments, each with half of the partitions; what befalls the engine befalls both. */
function partitioned(options: Partial<FaultyMemoryOptions> = {}): BrokerHarness {
  const clock = new VirtualClock();
  const deployments = [1, 2].map((seed) =>
    createFaultyMemoryBroker({ clock, random: new SeededRandom(seed), ...options }),
  );
  const each = (act: (faults: Required<BrokerFaults>) => unknown) => {
    for (const deployment of deployments) act(deployment);
  };
  const broker = createPartitionedBroker({ deployments });
  return {
    broker,
    faults: {
      pause: (gateway) => each((faults) => faults.pause(gateway)),
      resume: (gateway) => each((faults) => faults.resume(gateway)),
      loseSuffix: (channel, count) => each((faults) => faults.loseSuffix(channel, count)),
      wipe: () => each((faults) => faults.wipe()),
      cutRelay: (gateway) => each((faults) => faults.cutRelay(gateway)),
      mendRelay: (gateway) => each((faults) => faults.mendRelay(gateway)),
      crash: (gateway) => each((faults) => faults.crash(gateway)),
      // Of both at once: one after the other, the gateways would be told of two outages.
      restart: () => {
        each((faults) => faults.pause());
        each((faults) => faults.wipe());
        each((faults) => faults.resume());
      },
    },
    advance: async (ms) => clock.advance(ms),
    settle: async () => clock.advance(settleMs),
    dispose: async () => broker.close(),
  };
}

const abilities = [
  "clock",
  "crash",
  "cutRelay",
  "loseSuffix",
  "pause",
  "pauseOne",
  "restart",
  "wait",
  "wipe",
] as const;

const conforms = (name: string, create: () => BrokerHarness) =>
  describeBroker(name, { abilities, create: async () => create() }, { describe, test });

conforms("two deployments that share the partitions", () => partitioned());

conforms("two deployments with a slow, unsteady relay", () => {
  const random = new SeededRandom(7);
  return partitioned({
    relay: () => ({ delayMs: random.next() < 0.3 ? 0 : random.next() * 50 }),
  });
});

import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, test } from "vitest";
import {
  type BrokerSubject,
  createFaultyMemoryBroker,
  describeBroker,
  type FaultyMemoryOptions,
} from "../testing/mod.js";
import { createMemoryBroker } from "./broker.js";

const conforms = (name: string, subject: BrokerSubject) =>
  describeBroker(name, subject, { describe, test });

conforms("memory", {
  abilities: ["clock", "wait"],
  async create() {
    const clock = new VirtualClock();
    const broker = createMemoryBroker({ clock, random: new SeededRandom(1) });
    return {
      broker,
      faults: {},
      advance: async (ms) => clock.advance(ms),
      settle: async () => {},
      dispose: async () => broker.close(),
    };
  },
});

/** Settling takes this long: longer than any delay of the relay below. */
const settleMs = 100;

function faulty(options: Partial<FaultyMemoryOptions> = {}) {
  const clock = new VirtualClock();
  const broker = createFaultyMemoryBroker({ clock, random: new SeededRandom(1), ...options });
  return {
    broker,
    faults: broker,
    advance: async (ms: number) => clock.advance(ms),
    settle: async () => clock.advance(settleMs),
    dispose: async () => broker.close(),
  };
}

const everything = [
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

conforms("memory with faults", { abilities: everything, create: async () => faulty() });

conforms("memory with a slow, unsteady relay", {
  abilities: everything,
  async create() {
    const random = new SeededRandom(7);
    return faulty({ relay: () => ({ delayMs: random.next() < 0.3 ? 0 : random.next() * 50 }) });
  },
});

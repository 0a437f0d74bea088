import type { BrokerLink, Snapshot } from "@holdfast/broker";
import { createFaultyMemoryBroker, type FaultyMemoryOptions } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { folds } from "@holdfast/protocol";
import { type FakeTransport, type TestGateway, testGateway } from "./harness.js";

/** A history that is shorter than what the state is folded from. */
export const history = { maxCount: 3, maxBytes: 100_000, maxAgeMs: 86_400_000 };
const channels = {
  "merge:*": { history, state: "merge" },
  "last:*": { history, state: "last" },
} as const;
/** The channel that the world's moves are about unless another is named. */
export const CHANNEL = "merge:a";

/** Counts what gateways ask of the engine. */
type Asked = Record<"loadSnapshot" | "storeSnapshot" | "read" | "publish", number>;

/** An engine that can be harmed, gateways on it, and a clock that is driven. */
export function world(options: Partial<FaultyMemoryOptions> = {}) {
  const clock = new VirtualClock();
  const asked: Asked = { loadSnapshot: 0, storeSnapshot: 0, read: 0, publish: 0 };
  const { operations } = options;
  const broker = createFaultyMemoryBroker({
    clock,
    random: new SeededRandom(9),
    ...options,
    operations: (gateway, operation) => {
      if (operation in asked && gateway !== "spy") asked[operation as keyof Asked] += 1;
      return operations?.(gateway, operation);
    },
  });
  const silent = () => {};
  const spy: BrokerLink = broker.connect("spy", {
    onEntry: silent,
    onEphemeral: silent,
    onPresence: silent,
    onRelayGap: silent,
    onAvailability: silent,
    onCommand: silent,
  });
  let seed = 20;
  return {
    clock,
    broker,
    asked,
    stored: async (channel = CHANNEL) =>
      (await spy.loadSnapshot(channel)) as Snapshot | null | undefined,
    gateway: (name: string, settings = {}) =>
      testGateway({
        clock,
        broker,
        gateway: name,
        random: new SeededRandom(seed++),
        channels,
        settings: { snapshotEveryCount: 4, replayPageEntries: 4, hubRingEntries: 4, ...settings },
      }),
  };
}

/** A connection that has asked for a channel, once it was answered. */
export async function subscribed(gateway: TestGateway, fields = {}, channel = CHANNEL) {
  const peer = await gateway.open();
  peer.send({ type: "subscribe", channel, ...fields });
  await gateway.settle();
  return peer;
}

/** Publishes; what the state is read for takes the clock's turns. */
export async function sent(gateway: TestGateway, channel: string, data: unknown) {
  const outcome = gateway.core.publish(channel, { data });
  await gateway.settle();
  return outcome;
}

/** Publishes to `CHANNEL`, one after the other; throws what is refused. */
export async function publish(gateway: TestGateway, ...patches: unknown[]): Promise<void> {
  for (const data of patches) {
    const outcome = await sent(gateway, CHANNEL, data);
    if (!outcome.ok) throw new Error(outcome.code);
  }
}

/** What a client makes of what it was sent: each state with its offset, snapshots and folds. */
export function followed(peer: FakeTransport): { offset: number; state: unknown; kind: string }[] {
  const seen: { offset: number; state: unknown; kind: string }[] = [];
  for (const message of peer.received) {
    if (message.type === "subscribed" && message.resumed) continue;
    if (message.type === "subscribed" || message.type === "reset") {
      const { position, state } = message;
      seen.push({ offset: position?.offset ?? -1, state, kind: message.type });
    } else if (message.type === "publication") {
      const { offset, data } = message;
      seen.push({ offset, state: folds.merge(seen.at(-1)?.state, data), kind: "fold" });
    }
  }
  return seen;
}

/** A patch that sets three fields, and takes one that is older away. */
export const patch = (n: number) => ({ n, [`k${n % 3}`]: n, [`k${(n + 1) % 3}`]: null });
export const patches = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => patch(from + index));
/** The state after so many patches. */
export const stateAt = (offset: number) => patches(1, offset).reduce<unknown>(folds.merge, null);

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { jsonCodec } from "@holdfast/protocol/json";
import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";
import type { Connection, Frame, Transport } from "../transport.js";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** A socket that keeps nothing of what it was sent. */
class SinkTransport implements Transport {
  readonly codec = jsonCodec;
  readonly negotiated = true;
  readonly bufferedBytes = 0;
  connection: Connection | undefined;
  write(_frames: readonly Frame[]): void {}
  ping(): void {}
  close(code: number): void {
    this.connection?.closed(code);
  }
  terminate(): void {
    this.connection?.closed(1006);
  }
}

const CYCLES = 50_000;
const AT_ONCE = 100;
/** A leak of one number for each cycle would be 400 kB, of the smallest object 1.2 MB. */
const MAX_GROWTH_BYTES = 400_000;
const can = { "*": ["subscribe", "publish", "presence", "call"] } as const;

it("50,000 connections that subscribe, are present, call, publish and go leave nothing", async () => {
  const gateway = await testGateway({
    authenticate: ({ token }) => (token === undefined ? null : { user: token, can }),
    calls: { "app.echo": { handler: (data: unknown) => data } },
    engine: { channelIdleMs: 60_000 },
  });
  const { clock, core } = gateway;
  const open = (n: number): SinkTransport => {
    const transport = new SinkTransport();
    transport.connection = core.accept(transport, { headers: { host: `host-${n}` } });
    say(transport, { type: "connect", token: `user-${n}` });
    return transport;
  };
  const use = (transport: SinkTransport, n: number): void => {
    say(transport, { type: "subscribe", id: 1, channel: `chat:${n}` });
    say(transport, { type: "subscribe", id: 2, channel: "plain:all" });
    say(transport, { type: "call", id: 3, method: "app.echo", data: n });
    if (n % 10 === 0) say(transport, { type: "presence_enter", id: 4, channel: `chat:${n}` });
    if (n % 10 === 1) say(transport, { type: "publish", id: 5, channel: "plain:all", data: n });
    if (n % 3 === 0) say(transport, { type: "unsubscribe", id: 6, channel: "plain:all" });
  };
  const cycles = async (from: number, to: number): Promise<void> => {
    for (let first = from; first < to; first += AT_ONCE) {
      const all = Array.from({ length: AT_ONCE }, (_, index) => open(first + index));
      await clock.settle();
      for (const [index, transport] of all.entries()) use(transport, first + index);
      await clock.settle();
      // Gone by itself, or thrown out.
      for (const [index, transport] of all.entries()) {
        if (index % 2 === 0) transport.connection?.closed(1001);
        else transport.connection?.receive(new Uint8Array(1), 2 ** 30);
        transport.terminate();
      }
      await clock.advanceAsync(1_000);
    }
    // Channels are let go of; presence, keys and history run out.
    await clock.advanceAsync(900_000);
    gateway.logger.clear();
    collect();
  };
  await cycles(0, 10_000);
  const before = process.memoryUsage().heapUsed;
  await cycles(10_000, 10_000 + CYCLES);
  const grown = process.memoryUsage().heapUsed - before;
  expect(core.connectionCount).toBe(0);
  expect(gateway.meter.value("holdfast_subscriptions")).toBe(0);
  expect(grown).toBeLessThan(MAX_GROWTH_BYTES);
}, 600_000);

function say(transport: SinkTransport, message: unknown): void {
  transport.connection?.receive(JSON.stringify(message));
}

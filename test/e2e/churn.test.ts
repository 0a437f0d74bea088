import { once } from "node:events";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { Worker } from "node:worker_threads";
import { expect, it, onTestFinished } from "vitest";
import { LinkedSocket } from "../../packages/gateway/src/node/linked-socket.js";
import { WsTransport } from "../../packages/gateway/src/node/ws-transport.js";
import { Expiry } from "../../packages/gateway/src/session/expiry.js";
import { Heartbeat } from "../../packages/gateway/src/session/heartbeat.js";
import { Session } from "../../packages/gateway/src/session/session.js";
import { endAfterEach, serve } from "./kit/gateway.js";
import { JsonClient } from "./kit/json-client.js";

endAfterEach();

/** Connections over real sockets; `HOLDFAST_TEST_CYCLES=50000` for more. */
const CYCLES = Number(process.env.HOLDFAST_TEST_CYCLES ?? 5_000);
const WARM_CYCLES = 2_000;
/** With 5,000 cycles a leak of 200 bytes each; one session is several thousand. */
const MAX_GROWTH_BYTES = 1_000_000;
const PATIENCE_MS = 60_000;

/** What there is one of for each connection, or more, and nowhere else. */
const kinds = [Session, WsTransport, LinkedSocket, Heartbeat, Expiry];

/** How many objects of each are reachable; collects garbage first. */
const alive = (): Record<string, number | string[]> =>
  Object.fromEntries(kinds.map((kind) => [kind.name, queryObjects(kind)]));
const none = Object.fromEntries(kinds.map((kind) => [kind.name, 0]));
const handles = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

it(`${CYCLES} connections over sockets that subscribe and go leave nothing`, async () => {
  const { port, gateway, webSocketUrl } = await serve({
    authenticate: ({ token }) => ({
      user: token ?? "",
      can: { "*": ["subscribe"] },
      expiresAtMs: Date.now() + 3_600_000,
    }),
    channels: { "chat:*": { history: {} } },
    settings: { acceptsPerSecond: 100_000, acceptsPerSecondPerAddress: 0 },
  });
  const clients = new Worker(new URL("./kit/churn-clients.mjs", import.meta.url), {
    workerData: { port },
  });
  onTestFinished(async () => void (await clients.terminate()));
  const cycles = async (first: number, count: number): Promise<void> => {
    clients.postMessage({ first, count });
    expect((await once(clients, "message"))[0]).toEqual({ done: count });
    const untilMs = Date.now() + PATIENCE_MS;
    while (gateway.connectionCount > 0 && Date.now() < untilMs) await sleep(20);
    expect(gateway.connectionCount).toBe(0);
  };
  const openHandles = handles();
  // They are found while they are there, so that something is proven by their absence.
  const one = await JsonClient.open(webSocketUrl);
  await one.ask({ type: "connect", token: "one" }, "connected");
  for (const [name, count] of Object.entries(alive())) expect(count, name).not.toBe(0);
  one.socket.terminate();
  await cycles(0, WARM_CYCLES);
  expect(alive()).toEqual(none);
  const sockets = queryObjects(Socket);
  const before = process.memoryUsage().heapUsed;
  await cycles(WARM_CYCLES, CYCLES);
  expect(alive()).toEqual(none);
  expect(queryObjects(Socket)).toBeLessThanOrEqual(Number(sockets));
  expect(handles()).toBe(openHandles);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(MAX_GROWTH_BYTES);
}, 1_800_000);

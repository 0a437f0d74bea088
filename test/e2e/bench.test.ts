import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@holdfast/core";
import { createGateway } from "@holdfast/gateway";
import type { BenchReport } from "@holdfast/probe/bench";
import { afterAll, afterEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { root, start } from "../package/commands.js";

// The built command with real processes and sockets. What its figures mean is tested on a driven
// clock, beside the code.

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const brief = ["--duration", "500ms", "--warmup", "100ms"];

async function bench(...args: string[]): Promise<BenchReport> {
  const file = join(folder, "bench.json");
  const command = start(
    process.execPath,
    [cli, "bench", ...args, ...brief, "--report", file],
    folder,
  );
  const { code, output } = await command.ended;
  expect(output).toContain("scenario");
  expect(code, output).toBe(0);
  return JSON.parse(readFileSync(file, "utf8"));
}

test("a gateway of its own delivers everything to clients in several processes", async () => {
  const report = await bench(
    ..."fanout --spawn --connections 30 --rate 40 --processes 3".split(" "),
  );
  expect(report.client.processes).toBe(3);
  expect(report.counts).toMatchObject({ opened: 30, sent: 24, received: 720, missing: 0 });
  expect(report.latency.count).toBe(600);
  expect(report.server.bytesPerConnection).toBeGreaterThan(0);
}, 60_000);

test("everybody who was cut resumes with what was missed", async () => {
  const report = await bench(..."storm --spawn --connections 20 --missed 5".split(" "));
  expect(report.counts).toMatchObject({ resumed: 20, received: 100, missing: 0, resets: 0 });
}, 60_000);

test("calls are measured, and so is a bare WebSocket that sends everything back", async () => {
  const call = ["--method", "bench.echo", "--rate", "100", "--connections", "10"];
  const called = await bench("echo", "--spawn", ...call);
  expect(called.latency.count).toBe(50);

  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  closers.push(() => server.close());
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const plain = ["--target", "websocket", "--url", `ws://127.0.0.1:${port}`];
  const echoed = await bench("echo", ...plain, "--connections", "10", "--rate", "100");
  expect(echoed.latency.count).toBe(50);
  expect(echoed.server.busyShare).toBeNull();
}, 60_000);

test("where clients may only listen, it publishes over HTTP with an API key", async () => {
  const key = "a-key-of-this-test-alone";
  const gateway = createGateway({
    channels: { "bench:*": { history: {} } },
    anonymous: { "bench:*": ["subscribe"] },
    apiKeys: [key],
    logger: silentLogger,
  });
  closers.push(() => gateway.close({ drainMs: 0 }));
  const { url } = await gateway.listen(0);
  const report = await bench(
    "fanout",
    ...["--url", url, "--api-key", key, "--connections", "10", "--rate", "20"],
  );
  expect(report.counts).toMatchObject({ sent: 12, answered: 12, received: 120 });
}, 60_000);

test("it says why nobody could connect, and that it failed", async () => {
  const gateway = createGateway({ logger: silentLogger });
  closers.push(() => gateway.close({ drainMs: 0 }));
  const { url } = await gateway.listen(0);
  const args = ["bench", "fanout", "--url", url, "--connections", "1", "--processes", "1"];
  const { code, output } = await start(process.execPath, [cli, ...args], folder).ended;
  expect(code).toBe(2);
  expect(output).toMatch(/Nobody could connect and subscribe .*unauthorized/);
}, 60_000);

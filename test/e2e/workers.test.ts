import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveRemoteBroker } from "@holdfast/broker/testing";
import { connect } from "@holdfast/client";
import { systemClock, systemRandom } from "@holdfast/client/internal/node";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { type Running, root, start } from "../package/commands.js";
import { unusedPorts } from "./kit/ports.js";

// `holdfast serve --workers` as a user starts it, with an engine in a process of its own.

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const preload = join(root, "test", "e2e", "kit", "remote-engine.mjs");
const folder = mkdtempSync(join(tmpdir(), "holdfast-workers-"));
writeFileSync(
  join(folder, "holdfast.config.json"),
  JSON.stringify({
    channels: { "chat:*": { history: {} } },
    anonymous: { "chat:*": ["subscribe", "publish", "history"] },
    drainMs: 300,
  }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Served {
  readonly command: Running;
  readonly url: string;
  /** Where each worker answers alone. */
  readonly own: readonly string[];
  readonly pids: readonly number[];
}

/** Starts two workers with an engine of their own. */
async function begin(port: number, ownPort: number): Promise<Running> {
  const engine = await serveRemoteBroker({ clock: systemClock, random: systemRandom });
  closers.push(() => engine.close());
  const ports = ["--port", String(port), "--worker-port", String(ownPort)];
  const flags = ["--workers", "2", "--broker", `remote:${engine.port}`, ...ports];
  const command = start(process.execPath, ["--import", preload, cli, "serve", ...flags], folder);
  closers.push(async () => {
    if (command.child.exitCode === null) await command.stop("SIGKILL");
  });
  return command;
}

async function serve(): Promise<Served> {
  const ownPort = await unusedPorts(2);
  const command = await begin(0, ownPort);
  const [, one, two] = await command.printed(/Workers \(process ids\): 1: (\d+), 2: (\d+)/);
  const [, url = ""] = await command.printed(/HTTP +(http:\/\/127\.0\.0\.1:\d+)/);
  const own = [0, 1].map((index) => `http://127.0.0.1:${ownPort + index}`);
  return { command, url, own, pids: [Number(one), Number(two)] };
}

const socketOf = (url: string) => `${url.replace("http", "ws")}/ws`;

function client(url: string) {
  const made = connect(socketOf(url), { backoffMinMs: 50, backoffMaxMs: 500 });
  closers.push(() => made.close());
  return made;
}

const gone = (pids: readonly number[]) =>
  vi.waitFor(() => expect(pids.filter((pid) => existsSync(`/proc/${pid}/fd`))).toEqual([]), {
    timeout: 10_000,
  });

test("workers are one gateway: what one takes, the clients of the other get", async () => {
  const { own, url } = await serve();
  const got: unknown[] = [];
  const subscribers = own.map(async (place) => {
    const channel = client(place).channel("chat:lobby");
    await channel.subscribe({ onPublication: ({ data }) => got.push(data) });
  });
  await Promise.all(subscribers);
  expect(await client(url).channel("chat:lobby").publish("hello")).toMatchObject({ ok: true });
  await vi.waitFor(() => expect(got).toEqual(["hello", "hello"]));
}, 60_000);

test("each worker says which it is, in its metrics and its health", async () => {
  const { own, url } = await serve();
  for (const [index, place] of own.entries()) {
    expect((await fetch(`${place}/health/ready`)).status).toBe(200);
    const metrics = await (await fetch(`${place}/metrics`)).text();
    const lines = metrics.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => !line.includes(`worker="${index + 1}"`))).toEqual([]);
  }
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
}, 60_000);

test("a worker that is killed is started again, and its clients resume on what is there", async () => {
  const { command, own, pids, url } = await serve();
  const got: unknown[] = [];
  const resets: unknown[] = [];
  const channel = client(own[1] ?? "").channel("chat:lobby");
  await channel.subscribe({
    onPublication: ({ data }) => got.push(data),
    onReset: (reset) => resets.push(reset),
  });
  const publisher = client(url).channel("chat:lobby");
  const number = async (n: number) => expect((await publisher.publish(n)).ok).toBe(true);
  await number(1);
  await vi.waitFor(() => expect(got).toEqual([1]));
  process.kill(pids[1] ?? 0, "SIGKILL");
  await command.printed(/Worker 2 ended \(SIGKILL\)/);
  await number(2);
  await command.printed(/Worker 2 listens again/);
  await number(3);
  await vi.waitFor(() => expect(got).toEqual([1, 2, 3]), { timeout: 10_000 });
  expect(resets).toEqual([]);
}, 60_000);

test("SIGTERM drains every worker, and none is left", async () => {
  const { command, own, pids } = await serve();
  const states: string[] = [];
  for (const place of own) {
    const made = client(place);
    made.on("state", ({ now }) => states.push(now));
    await made.channel("chat:lobby").subscribe({});
  }
  expect(await command.stop("SIGTERM")).toBe(0);
  await gone(pids);
  // Told to go elsewhere, not cut.
  expect(states.filter((state) => state !== "open").length).toBeGreaterThanOrEqual(2);
}, 60_000);

test("workers end with the command, also when that is killed", async () => {
  const { command, pids } = await serve();
  await command.stop("SIGKILL");
  await gone(pids);
}, 60_000);

test("an engine of one process refuses workers and says the way out", async () => {
  const args = [cli, "serve", "--workers", "2", "--port", "0"];
  const { code, output } = await start(process.execPath, args, folder).ended;
  expect(code).toBe(2);
  expect(output).toMatch(/such as --broker .*redis:\/\/…/);
});

test("a port that is taken is said once, and nothing is left running", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  closers.push(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { code, output } = await (await begin(port, 0)).ended;
  expect(code).toBe(1);
  expect(output.split(`Port ${port}`)).toHaveLength(2);
}, 60_000);

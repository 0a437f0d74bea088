import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Broker,
  createMemoryBroker,
  type Entry,
  type Head,
  type MemoryLink,
  type PublishOutcome,
} from "@holdfast/broker";
import { systemClock, systemRandom } from "@holdfast/client/internal/node";
import { silentLogger } from "@holdfast/core";
import { createGateway, type GatewayOptions } from "@holdfast/gateway";
import type { VerifyReport } from "@holdfast/probe";
import { afterAll, afterEach, expect, test } from "vitest";
import { main } from "../main.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const folder = mkdtempSync(join(tmpdir(), "holdfast-verify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serve(overrides: GatewayOptions = {}): Promise<string> {
  const gateway = createGateway({
    channels: {
      "verify:*": { history: {}, presence: true },
      "verify-last:*": { state: "last" },
      "verify-merge:*": { state: "merge" },
      "bare:*": {},
    },
    anonymous: { "*": ["subscribe", "publish", "presence", "history"] },
    logger: silentLogger,
    metrics: false,
    ...overrides,
  });
  closers.push(() => gateway.close({ drainMs: 0 }));
  return (await gateway.listen(0)).url;
}

async function verify(
  ...args: string[]
): Promise<{ code: number; printed: string; noted: string }> {
  const printed: string[] = [];
  const noted: string[] = [];
  const code = await main(["verify", ...args], {
    env: {},
    folder,
    print: (line) => printed.push(line),
    note: (line) => noted.push(line),
    stopped: new AbortController().signal,
  });
  return { code, printed: printed.join("\n"), noted: noted.join("\n") };
}

const small = ["--duration", "3s", "--connections", "20", "--channels", "5", "--rate", "60"];

test("verify proves a gateway's promises through lost connections and reports it", async () => {
  const url = await serve();
  const { code, printed } = await verify("--url", url, ...small, "--report", "report.json");
  expect(printed).toContain("Kept: no violation of 19 invariants.");
  expect(code).toBe(0);
  const text = readFileSync(join(folder, "report.json"), "utf8");
  const report: VerifyReport = JSON.parse(text);
  expect(report).toMatchObject({
    verdict: "kept",
    resets: 0,
    presenceJudged: true,
    modesJudged: ["last", "merge"],
    violations: [],
  });
  expect(report.states).toBeGreaterThan(100);
  expect(printed).toContain("states on channels of mode last and merge.");
  expect(report.resumed).toBeGreaterThan(20);
  expect(report.publishes.acknowledged).toBeGreaterThan(100);
  expect(report.publishes.acknowledgedShare).toBeGreaterThan(0.99);
  expect(report.deliveries).toBeGreaterThan(report.publishes.acknowledged);
});

type Lie = (link: MemoryLink) => void;

/** The memory engine, except for what a lie does to each link and to what it is told. */
function lyingBroker(lie: Lie, forge: (entry: Entry) => Entry = (entry) => entry): Broker {
  const honest = createMemoryBroker({ clock: systemClock, random: systemRandom });
  closers.push(() => honest.close());
  return {
    capabilities: honest.capabilities,
    close: () => honest.close(),
    connect(gateway, listener) {
      const link = honest.connect(gateway, {
        onEntry: (channel, epoch, entry) => listener.onEntry(channel, epoch, forge(entry)),
        onEphemeral: (publication) => listener.onEphemeral(publication),
        onPresence: (event) => listener.onPresence(event),
        onRelayGap: () => listener.onRelayGap(),
        onAvailability: (available) => listener.onAvailability(available),
        onCommand: (command) => listener.onCommand(command),
      });
      lie(link);
      return link;
    },
  };
}

/** true on every fiftieth call. */
function now(): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count % 50 === 0;
  };
}

test("verify finds a gateway that acknowledges what it does not store, and shows where", async () => {
  const lies = now();
  const broker = lyingBroker((link) => {
    const publish = link.publish.bind(link);
    link.publish = (request): PublishOutcome => {
      const [head] = link.heads([request.channel]) as [Head];
      if (!lies()) return publish(request);
      return { ok: true, epoch: head.epoch, offset: head.offset + 1, id: "lie", duplicate: false };
    };
  });
  const { code, printed } = await verify("--url", await serve({ broker }), ...small);
  expect(code).toBe(1);
  expect(printed).toMatch(/VIOLATED: .*ack-appended/);
  expect(printed).toMatch(/was told that .* is offset \d+/);
});

test("verify finds a gateway that delivers what nobody published", async () => {
  const lies = now();
  const broker = lyingBroker(
    () => {},
    (entry) => (lies() ? { ...entry, data: { t: "forged" } } : entry),
  );
  const { code, printed } = await verify("--url", await serve({ broker }), ...small);
  expect(code).toBe(1);
  expect(printed).toMatch(/VIOLATED: .*no-phantom/);
  expect(printed).toContain("was handed forged");
});

test("verify finds a state that is not what the publications make it", async () => {
  const lies = now();
  const broker = lyingBroker(
    () => {},
    (entry) => {
      const { data } = entry;
      const isPatch = typeof data === "object" && data !== null && Object.keys(data).length > 1;
      return isPatch && lies() ? { ...entry, data: { ...data, forged: true } } : entry;
    },
  );
  const load = ["--duration", "3s", "--connections", "20", "--channels", "1", "--rate", "200"];
  const { code, printed } = await verify("--url", await serve({ broker }), ...load);
  expect(code).toBe(1);
  expect(printed).toMatch(/VIOLATED: .*state-equality/);
  expect(printed).toContain("for history");
});

test("verify does without state where the deployment has none of its names", async () => {
  const channels = { "verify:*": { history: {} } };
  const { code, printed } = await verify("--url", await serve({ channels }), ...small);
  expect(code).toBe(0);
  expect(printed).toContain("State was not judged");
});

test("verify says what is wrong when it cannot prove anything", async () => {
  const url = await serve();
  const bare = await verify("--url", url, ...small, "--namespace", "bare");
  expect(bare.code).toBe(2);
  expect(bare.noted).toContain("no_history");
  const absurd = await verify("--url", url, "--duration", "1h", "--rate", "5000");
  expect(absurd.code).toBe(2);
  expect(absurd.noted).toContain("would record about");
  const misread = await verify("--url", url, "--duration", "soon");
  expect(misread.code).toBe(2);
  expect(misread.noted).toContain("--duration");
  const nothing = await verify("--spawn", "1", "--faults", "gateways,nothing");
  expect(nothing.code).toBe(2);
  expect(nothing.noted).toContain("--faults: nothing is none of gateways, links");
});

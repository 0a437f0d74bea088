import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Client, ClientState, connect } from "@holdfast/client";
import { silentLogger } from "@holdfast/core";
import { createGateway } from "@holdfast/gateway";
import { LinkProxy } from "@holdfast/probe/node";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { root } from "../package/commands.js";

// A page whose network goes and comes again, and one that is looked at again after a sleep, in a real
// browser against a real gateway. What the client does in each case has its own tests on a driven
// clock; here it is the browser's word that counts.

declare global {
  // What the page has for the test to use, and keeps for it to look at.
  var connectTo: typeof connect;
  var client: Client<Contract>;
  var seen: number[];
  var states: ClientState[];
  var begun: boolean[];
  var resets: number;
  var sent: unknown[];
}

type Contract = { channels: { "chat:*": number }; calls: Record<never, never> };

const html = `<!doctype html><title>away</title>
<script type="module">
  import { connect } from "/client.js";
  Object.assign(globalThis, { seen: [], states: [], begun: [], resets: 0, sent: [], connectTo: connect });
</script>`;

/** What a browser does when a tab is left and looked at again. */
const leaveAndReturn = `for (const value of ["hidden", "visible"]) {
  Object.defineProperty(document, "visibilityState", { value, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}`;

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const channel = "chat:lobby";
const closers: (() => unknown)[] = [];

let browser: Browser;
let context: BrowserContext;
let page: Page;
let origin: string;
let gateway: ReturnType<typeof serve>["gateway"];
let proxy: LinkProxy;
let published = 0;

function serve(permitted: string) {
  const everything = ["subscribe", "publish"] as const;
  const gateway = createGateway({
    logger: silentLogger,
    metrics: false,
    origins: [permitted],
    channels: { "chat:*": { history: { maxCount: 1000 } } },
    anonymous: { "chat:*": everything },
  });
  return { gateway };
}

beforeAll(async () => {
  const executablePath = process.env.HOLDFAST_CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: flags });
  closers.push(() => browser.close());
  const bundle = await readFile(join(root, "packages/client/dist/browser/client.js"));
  const server = createServer(({ url }, response) => {
    const isBundle = url === "/client.js";
    response.setHeader("content-type", isBundle ? "text/javascript" : "text/html");
    response.end(isBundle ? bundle : html);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  ({ gateway } = serve(origin));
  closers.push(() => gateway.close({ drainMs: 0 }));
  gateway.attach(server);
  proxy = await LinkProxy.start({ pick: () => port });
  closers.push(() => proxy.close());
}, 60_000);

afterEach(() => context?.close());

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A page that has subscribed, through the proxy. */
async function open(): Promise<void> {
  context = await browser.newContext();
  page = await context.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => typeof connectTo === "function");
  await page.evaluate(async (url) => {
    client = connectTo<Contract>(url, { probeTimeoutMs: 500 });
    client.on("state", (state) => states.push(state));
    const sub = await client.channel("chat:lobby").subscribe({
      onPublication: ({ offset }) => void seen.push(offset),
      onReset: () => {
        resets += 1;
      },
    });
    sub.on("subscribed", ({ resumed }) => begun.push(resumed));
  }, `ws://127.0.0.1:${proxy.port}/ws`);
}

async function publish(count: number): Promise<void> {
  for (let each = 0; each < count; each += 1) {
    expect((await gateway.publish(channel, 0)).ok).toBe(true);
    published += 1;
  }
}

/** Waits until the page has been handed everything, and gives what it saw. */
async function everything(): Promise<number[]> {
  await page.waitForFunction((last) => seen.at(-1) === last, published);
  return page.evaluate(() => seen);
}

const expected = (first: number): number[] =>
  Array.from({ length: published - first + 1 }, (_, index) => first + index);

test("a page that goes offline makes no try, and back online has lost, repeated and reordered nothing", async () => {
  await open();
  const first = published + 1;
  await publish(3);
  expect(await everything()).toEqual(expected(first));

  await context.setOffline(true);
  // The socket is still there; that it is dead shows when the client's question gets no answer.
  await page.waitForFunction(() => states.at(-1)?.now === "waiting");
  expect(await page.evaluate(() => states.at(-1))).toEqual({
    now: "waiting",
    attempt: 1,
    reason: "silent",
  });
  await publish(20);
  await page.evaluate(() => {
    for (const number of [1, 2, 3]) {
      void client
        .channel("chat:lobby")
        .publish(number)
        .then((result) => sent.push(result));
    }
  });
  expect(await page.evaluate(() => [states.length, sent.length])).toEqual([3, 0]);

  await context.setOffline(false);
  await page.waitForFunction(() => sent.length === 3);
  published += 3;
  expect(await everything()).toEqual(expected(first));
  expect(await page.evaluate(() => sent)).toMatchObject(
    [2, 1, 0].map((back) => ({ ok: true, offset: published - back })),
  );
  expect(await page.evaluate(() => states.map(({ now }) => now))).toEqual([
    "connecting",
    "open",
    "waiting",
    "connecting",
    "open",
  ]);
  expect(await page.evaluate(() => [begun, resets])).toEqual([[true], 0]);
}, 30_000);

test("a page that is seen again finds out that its connection is dead, and goes on over another", async () => {
  await open();
  const first = published + 1;
  await publish(2);
  expect(await everything()).toEqual(expected(first));
  // As after a sleep: the gateway and everything between have forgotten the connection.
  for (const link of proxy.links) link.halfOpen(60_000);
  await publish(5);
  await page.evaluate(leaveAndReturn);
  expect(await everything()).toEqual(expected(first));
  expect(await page.evaluate(() => states.map(({ now }) => now))).toEqual([
    "connecting",
    "open",
    "waiting",
    "connecting",
    "open",
  ]);
  expect(await page.evaluate(() => states[2]!.reason)).toBe("silent");
  expect(await page.evaluate(() => [begun, resets])).toEqual([[true], 0]);
}, 30_000);

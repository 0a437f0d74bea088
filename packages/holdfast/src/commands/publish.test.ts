import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { freePort, openGateway, testKey } from "../cli/testing/gateway.js";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { main } from "../main.js";
import { developmentKey } from "../serve/demo.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function publish(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const terminal = new RecordingTerminal(env);
  const code = await main(["publish", ...args], terminal);
  return { code, printed: terminal.printed, noted: terminal.noted.join("\n"), all: terminal.text };
}

async function gateway(options: Parameters<typeof openGateway>[0] = {}): Promise<string> {
  const opened = await openGateway(options);
  closers.push(() => opened.close());
  return opened.url;
}

/** Something else than a gateway. */
async function other(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it.each([
  ["--api-key", ["--api-key", testKey], {}],
  ["HOLDFAST_API_KEY", [], { HOLDFAST_API_KEY: testKey }],
  ["the first of HOLDFAST_API_KEYS", [], { HOLDFAST_API_KEYS: ` ${testKey}, another-key-of-it` }],
  [
    "the flag before the variables",
    ["--api-key", testKey],
    { HOLDFAST_API_KEY: "not-a-key-of-anyone", HOLDFAST_API_KEYS: "nor-is-this-one-here" },
  ],
  [
    "HOLDFAST_API_KEY before HOLDFAST_API_KEYS",
    [],
    { HOLDFAST_API_KEY: testKey, HOLDFAST_API_KEYS: "not-a-key-of-anyone" },
  ],
])("publishes with the key of %s and prints where it stands", async (_name, args, env) => {
  const url = await gateway();
  const { code, printed, noted } = await publish(
    ["chat:lobby", '{"text":"hi"}', "--url", url, ...args],
    env,
  );
  expect([code, noted]).toEqual([0, ""]);
  expect(JSON.parse(printed.join(""))).toEqual({
    offset: 1,
    epoch: expect.any(String),
    duplicate: false,
  });
});

it("needs no key on this machine where the gateway runs the development profile", async () => {
  const url = await gateway({ apiKeys: [developmentKey] });
  expect((await publish(["chat:lobby", "hi", "--url", url])).code).toBe(0);
});

it.each([
  ["no known key", []],
  ["another key", ["--api-key", "a-key-nobody-knows"]],
])("with %s says what to set, exits 1, and shows no key", async (_name, args) => {
  const url = await gateway();
  const { code, noted, all } = await publish(["chat:lobby", "hi", "--url", url, ...args]);
  expect(code).toBe(1);
  expect(noted).toMatch(/^unauthorized: .*HOLDFAST_API_KEY/);
  expect(all).not.toContain("a-key-nobody-knows");
});

it("refuses a key that no header can carry, without showing it", async () => {
  const { code, all } = await publish(["chat:lobby", "hi", "--api-key", "two\nlines-of-a-key"]);
  expect(code).toBe(2);
  expect(all).toBe("--api-key: expected visible ASCII characters without spaces.");
});

it("says in plain words that nothing answers, what to do, and exits 3", async () => {
  const port = await freePort();
  const { code, noted } = await publish(["chat:a", "1", "--url", `http://127.0.0.1:${port}`]);
  expect(noted).toBe(
    `Nothing answers at http://127.0.0.1:${port} (connection refused). Start a gateway with \`holdfast serve --dev\`, or name another address with --url.`,
  );
  expect(code).toBe(3);
});

it("does not call in doubt what was never sent: to a port that fetch blocks", async () => {
  const { code, noted } = await publish(["chat:a", "1", "--url", "http://127.0.0.1:1"]);
  expect([code, noted]).toEqual([
    3,
    expect.stringMatching(/^http:.*:1 cannot be reached: bad port/),
  ]);
  expect(noted).not.toContain("may have been published");
});

it("says that the outcome is unknown when the answer is cut off, and how to repeat it", async () => {
  const url = await other((_request, response) => response.destroy());
  const without = await publish(["chat:a", "1", "--url", url]);
  expect([without.code, without.noted]).toEqual([
    3,
    `${url} ended the connection without an answer. It may have been published; with a --key a repeat would be safe.`,
  ]);
  const withKey = await publish(["chat:a", "1", "--url", url, "--key", "m-1"]);
  expect(withKey.noted).toContain("with its --key it is published once");
});

it("tells a gateway that asks to wait from one that refuses", async () => {
  const busy = {
    title: "Service Unavailable",
    status: 503,
    code: "busy",
    detail: "Too much.",
    retryable: true,
    retryAfterMs: 1_500,
  };
  const url = await other((_request, response) => {
    response.writeHead(503, { "content-type": "application/problem+json" });
    response.end(JSON.stringify(busy));
  });
  const asked = await publish(["chat:a", "1", "--url", url]);
  expect([asked.code, asked.noted]).toEqual([3, "busy: Too much. Try again in 2 s."]);
  const refused = await publish(["Chat", "1", "--url", await gateway(), "--api-key", testKey]);
  expect([refused.code, refused.noted]).toEqual([1, expect.stringMatching(/^invalid_channel: /)]);
});

it("says so where what answers is no gateway", async () => {
  const url = await other((_request, response) => response.writeHead(404).end("<h1>nginx</h1>"));
  const { code, noted } = await publish(["chat:a", "1", "--url", url]);
  expect([code, noted]).toEqual([1, "HTTP 404: this is not the API of a Holdfast gateway."]);
});

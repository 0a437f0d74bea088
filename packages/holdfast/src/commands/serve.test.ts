import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { main } from "../main.js";

const folder = mkdtempSync(join(tmpdir(), "holdfast-serve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const terminal = new RecordingTerminal({ HOLDFAST_LOG_LEVEL: "silent", ...env }, folder);
  const code = await main(["serve", "--port", "0", ...args], terminal);
  return { code, printed: terminal.printed, noted: terminal.noted.join("\n") };
}

it("says where everything is and how to use it, until it is told to stop", async () => {
  const terminal = new RecordingTerminal({ HOLDFAST_LOG_LEVEL: "silent" }, folder);
  const ended = main(["serve", "--dev", "--port", "0"], terminal);
  await terminal.until(/Listen/);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(terminal.text)?.[0] ?? "";
  expect(terminal.printed).toEqual([
    `Chat demo  ${url}/   (open it in two windows)`,
    `WebSocket  ${url.replace("http", "ws")}/ws`,
    `Publish    npx holdfast publish chat:lobby '{"text":"hi"}' --url ${url}`,
    `Listen     npx holdfast subscribe chat:lobby --url ${url}`,
  ]);
  // What it says can be done as it is said.
  const shell = new RecordingTerminal();
  const command = ["publish", "chat:lobby", '{"text":"hi"}', "--url", url];
  expect(await main(command, shell)).toBe(0);
  terminal.stop();
  expect(await ended).toBe(0);
  expect(terminal.noted.join()).toContain("A second signal stops at once.");
});

const short = ["--api-keys", "0123456789abcdef,short-key"];
const file = (content: object): string[] => {
  const path = join(folder, "serve.json");
  writeFileSync(path, JSON.stringify(content));
  return ["--config", path];
};

it.each([
  ["an API key that is too short", () => short, "apiKeys[1]: a key has at least 16 characters."],
  [
    "an origin that is none",
    () => ["--origins", "app.example"],
    'origins[0] must be an origin such as "https://app.example"',
  ],
  [
    "an origin with a path",
    () => ["--origins", "https://app.example/"],
    "origins[0] must be an origin",
  ],
  [
    "a rate on a channel with history",
    () => file({ channels: { "chat:*": { history: {}, maxPerSecond: 5 } } }),
    'channels["chat:*"].maxPerSecond would lose',
  ],
  ["a secret that is too short", () => ["--token-secret", "short-secret"], "at least 32 bytes"],
])("refuses %s in one line that names the option", async (_name, args, message) => {
  const { code, noted, printed } = await serve(args());
  expect([code, printed]).toEqual([2, []]);
  expect(noted).toContain(message);
  expect(noted).not.toMatch(/\n|TypeError|createGateway|short-key|short-secret/);
});

it.each([
  [
    "an engine that does not exist",
    ["--broker", "bogus:x"],
    /^broker: bogus: is not an engine known here/,
  ],
  [
    "a host that cannot be resolved",
    ["--host", "no-such-host.invalid"],
    /no-such-host\.invalid cannot be resolved/,
  ],
  [
    "an address of another machine",
    ["--host", "192.0.2.7"],
    /192\.0\.2\.7 is not an address of this machine/,
  ],
  [
    "a certificate that is not there",
    ["--tls-cert-file", "/nowhere.pem", "--tls-key-file", "/nowhere.key"],
    /^\/nowhere\.(pem|key) cannot be read \(ENOENT\) \(tlsCertFile, tlsKeyFile\)\.$/,
  ],
])("explains %s and fails", async (_name, args, message) => {
  const { code, noted } = await serve(args);
  expect(code).toBe(1);
  expect(noted).toMatch(message);
  expect(noted).not.toMatch(/\n\s+at /);
});

it("explains a taken port, and names another", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  try {
    const { code, noted } = await serve(["--port", String(port)]);
    expect([code, noted]).toEqual([
      1,
      `Port ${port} on 127.0.0.1 is taken: another program listens there already. Stop it, or choose another port with --port ${port + 1} (0 picks a free one).`,
    ]);
  } finally {
    await new Promise((resolve) => taken.close(resolve));
  }
});

import { createMemoryBroker } from "@holdfast/broker";
import { systemClock, systemRandom } from "@holdfast/client/internal/node";
import { afterEach, expect, it } from "vitest";
import { freePort, openGateway, testKey } from "../cli/testing/gateway.js";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { main } from "../main.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function gateway(...args: Parameters<typeof openGateway>) {
  const opened = await openGateway(...args);
  closers.push(() => opened.close());
  return opened;
}

function subscribe(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const terminal = new RecordingTerminal(env);
  return { terminal, ended: main(["subscribe", ...args], terminal) };
}

async function publish(url: string, text: string): Promise<void> {
  const terminal = new RecordingTerminal({ HOLDFAST_API_KEY: testKey });
  expect(await main(["publish", "chat:a", text, "--url", url], terminal)).toBe(0);
}

it("prints one JSON object a line and ends after --count of them", async () => {
  const { url } = await gateway();
  await publish(url, '{"text":"one"}');
  await publish(url, "two");
  const { terminal, ended } = subscribe(["chat:a", "--last", "5", "--count", "2", "--url", url]);
  expect(await ended).toBe(0);
  expect(terminal.printed.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ offset: 1, data: { text: "one" }, id: expect.any(String) }),
    expect.objectContaining({ offset: 2, data: "two" }),
  ]);
  expect(terminal.noted).toEqual(["Subscribed to chat:a."]);
});

it("says that nothing answers and when it tries again, and connects once something does", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { terminal, ended } = subscribe(["chat:a", "--url", url]);
  await terminal.until(/--url/);
  expect(terminal.noted[0]).toMatch(
    new RegExp(`^Nothing answers at ${url} \\(connection refused\\)\\. Trying again in \\d+ s\\.$`),
  );
  expect(terminal.noted[1]).toBe(
    "Start a gateway with `holdfast serve --dev`, or name another address with --url.",
  );
  await gateway({}, port);
  await terminal.until(/Subscribed to chat:a/);
  terminal.stop();
  expect(await ended).toBe(0);
  expect(terminal.printed).toEqual([]);
}, 40_000);

it("says that the connection was lost and why, and on the next one that nothing was missed", async () => {
  const broker = createMemoryBroker({ clock: systemClock, random: systemRandom });
  const first = await gateway({ broker });
  const { terminal, ended } = subscribe(["chat:a", "--url", first.url]);
  await terminal.until(/Subscribed to chat:a/);
  await first.close();
  await terminal.until(
    /Connection lost \(draining: The gateway is stopping\); trying again in \d+ s\./,
  );
  await gateway({ broker }, first.port);
  await terminal.until(/Connected again: nothing was missed\./);
  terminal.stop();
  expect(await ended).toBe(0);
}, 40_000);

it("says that the history was reset where it was", async () => {
  const first = await gateway();
  const { terminal, ended } = subscribe(["chat:a", "--url", first.url]);
  await terminal.until(/Subscribed to chat:a/);
  await first.close();
  // The engine in memory ends with its gateway, so this one has another history.
  await gateway({}, first.port);
  await terminal.until(/History was reset \(\w+\): what follows does not continue/);
  terminal.stop();
  expect(await ended).toBe(0);
  expect(terminal.text).not.toContain("nothing was missed");
}, 40_000);

it.each([
  [
    "without a token",
    [],
    /^unauthorized: this gateway takes nobody without a token; set HOLDFAST_TOKEN/,
  ],
  [
    "with a token that is not valid",
    ["--token", "nonsense"],
    /^unauthorized: .* does not accept this token/,
  ],
])("%s says what is missing and exits 1", async (_name, args, message) => {
  const { url } = await gateway({ authenticate: () => null });
  const { terminal, ended } = subscribe(["chat:a", "--url", url, ...args]);
  expect(await ended).toBe(1);
  expect(terminal.noted.join("\n")).toMatch(message);
  expect(terminal.text).not.toContain("nonsense");
});

it("names a channel out of grammar, and one that nobody may use", async () => {
  const { url } = await gateway();
  const wrong = subscribe(["Chat", "--url", url]);
  expect(await wrong.ended).toBe(1);
  expect(wrong.terminal.noted.join("\n")).toMatch(/^invalid_channel: \/channel must be/);
  const forbidden = subscribe(["secret:a", "--url", url]);
  expect(await forbidden.ended).toBe(1);
  expect(forbidden.terminal.noted.join("\n")).toMatch(/^(forbidden|unknown_channel): /);
});

it("says nothing about the connection with --quiet", async () => {
  const { url } = await gateway();
  await publish(url, "1");
  const { terminal, ended } = subscribe([
    "chat:a",
    "--last",
    "1",
    "--count",
    "1",
    "--quiet",
    "--url",
    url,
  ]);
  expect(await ended).toBe(0);
  expect(terminal.noted).toEqual([]);
});

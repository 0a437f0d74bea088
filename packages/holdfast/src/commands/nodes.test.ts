import { afterEach, expect, test } from "vitest";
import { openGateway, testKey } from "../cli/testing/gateway.js";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { main } from "../main.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function run(url: string, key: string, ...args: string[]) {
  const terminal = new RecordingTerminal({ HOLDFAST_API_KEY: key });
  const code = await main(["nodes", "--url", url, ...args], terminal);
  return { code, printed: terminal.printed, noted: terminal.noted.join("\n") };
}

test("holdfast nodes lists the gateways, as a table or as JSON", async () => {
  const gateway = await openGateway();
  closers.push(() => gateway.close());
  const { code, printed } = await run(gateway.url, testKey);
  expect(code).toBe(0);
  expect(printed[0]).toMatch(/^gateway +version +up +connections +channels +subscriptions$/);
  expect(printed[1]).toMatch(/^\S{22} +\d+\.\d+\.\d+ +\d+ s +0 +0 +0$/);
  const json = await run(gateway.url, testKey, "--json");
  expect(JSON.parse(json.printed.join(""))).toMatchObject({ nodes: [{ connections: 0 }] });
});

test("holdfast nodes says why there is no list", async () => {
  const gateway = await openGateway();
  closers.push(() => gateway.close());
  const refused = await run(gateway.url, "another-key-of-32-characters-long");
  expect([refused.code, refused.noted]).toEqual([1, expect.stringContaining("does not know")]);
  const unreachable = await run("http://127.0.0.1:1", testKey);
  expect(unreachable.code).toBe(3);
});

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lobby, type Page } from "./client.js";

// The README's server and client, run as they stand there.

type Server = typeof import("./server.js");

let running: Server;
let url: string;

beforeAll(async () => {
  process.env.PORT = "0";
  running = await import("./server.js");
  if (!running.server.listening) await once(running.server, "listening");
  url = `ws://127.0.0.1:${(running.server.address() as AddressInfo).port}/ws`;
});

afterAll(async () => {
  await running.gateway.close({ drainMs: 0 });
  running.server.close();
  running.server.closeAllConnections();
});

it("the client reads what was said, speaks, calls, and leaves when it is told to", async () => {
  const leave = new AbortController();
  const seen: (string | number | undefined)[][] = [];
  const counts: number[] = [];
  const toasts: string[] = [];
  const page: Page = {
    fetchToken: async () => "token-of-ada",
    render: (...facts) => {
      seen.push(facts);
      if (seen.length === 2) leave.abort();
    },
    renderMembers: (count) => counts.push(count),
    reload: () => {},
    toast: (text) => toasts.push(text),
  };
  await lobby(url, page, leave.signal);
  expect(seen).toEqual([
    ["The room is open.", undefined, 1],
    ["hi", "ada", 2],
  ]);
  expect(counts.at(-1)).toBe(1);
  expect(toasts).toContain("Tea room");
});

it("a stranger gets in nowhere", async () => {
  const toasts: string[] = [];
  const leave = new AbortController();
  const page: Page = {
    fetchToken: async () => "no token of anybody",
    render: () => {},
    renderMembers: () => {},
    reload: () => {},
    toast: (text) => {
      toasts.push(text);
      if (text.startsWith("closed")) leave.abort();
    },
  };
  await expect(lobby(url, page, leave.signal)).rejects.toMatchObject({ code: "unauthorized" });
  expect(toasts.at(-1)).toMatch(/^closed/);
});

it("README.md shows exactly this server and this client", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const shown = [...readme.matchAll(/^```ts\n(?<code>[\s\S]*?)^```$/gm)].map(
    (match) => match.groups?.code,
  );
  for (const file of ["server.ts", "client.ts"]) {
    expect(shown).toContain(await readFile(new URL(file, import.meta.url), "utf8"));
  }
});

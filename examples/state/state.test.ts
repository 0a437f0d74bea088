import { readdir, readFile } from "node:fs/promises";
import { type Client, connect } from "@holdfast/client";
import { silentLogger } from "@holdfast/core";
import { createGateway } from "@holdfast/gateway";
import type { Contract, StateSnapshot } from "@holdfast/protocol";
import { afterEach, expect, it, vi } from "vitest";
import { type Board, showBoard } from "./board.js";
import { goOn, load } from "./first.js";
import { type Database, follow, gamesOf, type Moves } from "./game.js";

// The code of docs/state.md, run as it stands there.

const key = "an-api-key-for-this-test";
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function boards(): Promise<{ readonly url: string; readonly client: Client<Contract> }> {
  const gateway = createGateway({
    channels: { "board:*": { state: "merge" } },
    anonymous: { "board:*": ["subscribe", "publish"] },
    apiKeys: [key],
    logger: silentLogger,
    metrics: false,
  });
  closers.push(() => gateway.close({ drainMs: 0 }));
  const { url, webSocketUrl } = await gateway.listen(0);
  return { url, client: clientOf(webSocketUrl) };
}

function clientOf(url: string): Client<Contract> {
  const client: Client<Contract> = connect(url);
  closers.push(() => client.close());
  return client;
}

it("a board is shown as it becomes", async () => {
  const { client } = await boards();
  const seen: (Board | null)[] = [];
  await showBoard(client, (board) => seen.push(board), new AbortController().signal);
  await vi.waitFor(() => expect(seen).toHaveLength(3));
  expect(seen).toEqual([
    null,
    { title: "Tea room" },
    { title: "Tea room", cards: { c1: { text: "Buy tea" } } },
  ]);
});

it("a state that was loaded goes on from there", async () => {
  const { url, client } = await boards();
  const channel = client.channel("board:main");
  await channel.publish({ a: 1 });
  const loaded = await load(url, "board:main", key);
  await channel.publish({ b: 2 });
  const states: unknown[] = [];
  const sub = await goOn(client, "board:main", loaded, ({ state }) => states.push(state));
  await vi.waitFor(() => expect(states).toEqual([{ a: 1, b: 2 }]));
  expect([loaded.state, sub.position?.offset]).toEqual([{ a: 1 }, 2]);
});

it("a game is what the database has, and what was played since", async () => {
  const stored = new Map<string, StateSnapshot>();
  const database: Database = {
    read: async (channel) => stored.get(channel),
    commit: async (channel, snapshot) => void stored.set(channel, snapshot),
  };
  const { gateway, move } = gamesOf(database);
  closers.push(() => gateway.close({ drainMs: 0 }));
  const { webSocketUrl } = await gateway.listen(0);
  await move("game:1", "e4");
  const seen: Moves[] = [];
  await follow(clientOf(webSocketUrl), "game:1", (moves) => seen.push(moves));
  await move("game:1", "e5");
  await vi.waitFor(() => expect(seen.at(-1)).toEqual(["e4", "e5"]));
  expect(seen[0]).toEqual(["e4"]);
});

it("docs/state.md shows exactly this code", async () => {
  const page = await readFile(new URL("../../docs/state.md", import.meta.url), "utf8");
  const folder = new URL(".", import.meta.url);
  const files = (await readdir(folder)).filter((name) => /(?<!\.test)\.ts$/.test(name));
  expect(files).toHaveLength(3);
  for (const name of files) {
    const code = await readFile(new URL(name, folder), "utf8");
    expect(page).toContain(`<!-- examples/state/${name} -->\n\`\`\`ts\n${code}\`\`\`\n`);
  }
});

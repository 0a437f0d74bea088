import { readFile } from "node:fs/promises";
import { call } from "@holdfast/gateway";
import { expect, it } from "vitest";
import { endAfterEach, open, serve } from "./kit/gateway.js";
import { JsonClient } from "./kit/json-client.js";

// A client without any SDK: every message it sends is copied out of docs/protocol.md.

endAfterEach();

const page = await readFile(new URL("../../docs/protocol.md", import.meta.url), "utf8");

/** The example under the heading of a message, as it stands on the page. */
function exampleOf(type: string): string {
  const part = page.split(`\n#### \`${type}\`\n`)[1] ?? "";
  const example = /```json\n(?<json>.*)\n```/.exec(part)?.groups?.json;
  if (example === undefined) throw new Error(`docs/protocol.md shows no ${type}`);
  return example;
}

/** The page's table of commands and the message that answers each. */
function answers(): [command: string, answer: string][] {
  const table = page.split("## Commands and their answers")[1]?.split("\n## ")[0] ?? "";
  const rows = table.matchAll(/^\| `(?<command>\w+)` \| `(?<answer>\w+)`/gm);
  return [...rows].map(({ groups }) => [groups!.command!, groups!.answer!]);
}

it("the page's first conversation takes place as it is written", async () => {
  const { gateway, webSocketUrl } = await serve();
  await gateway.publish("chat:lobby", { text: "hi" });
  const client = await JsonClient.open(webSocketUrl);
  const lines = page.matchAll(/^(?<side>[→←]) (?<json>\{.*)$/gm);
  let said = 0;
  for (const { groups } of lines) {
    said += 1;
    const text = groups!.json!;
    if (groups!.side === "→") client.send(text);
    else {
      const type = /"type":"(?<type>\w+)"/.exec(text)!.groups!.type!;
      await client.until(() => client.ofType(type).length > 0);
    }
  }
  expect(said).toBeGreaterThanOrEqual(7);
  await client.until(() => client.ofType("publication").length === 2);
  expect(client.ofType("publication")).toEqual([
    expect.objectContaining({ offset: 1, data: { text: "hi" } }),
    expect.objectContaining({ offset: 2, data: { text: "hello" } }),
  ]);
});

it("every command the page shows gets the answer its table names, under its id", async () => {
  const { webSocketUrl } = await serve({
    authenticate: ({ token }) =>
      token === undefined
        ? null
        : { user: "ada", can: open.anonymous, expiresAtMs: Date.now() + 3_600_000 },
    authorize: () => true,
    calls: { "chat.rename": call(anything, () => ({ renamed: true })) },
  });
  const client = await JsonClient.open(webSocketUrl);
  const table = answers();
  expect(table.length).toBeGreaterThanOrEqual(11);
  for (const [command, answer] of table) {
    const example = exampleOf(command);
    const { id } = JSON.parse(example);
    client.send(example);
    await client.until(() =>
      client.messages.some((each) => each.id === id || each.type === "error"),
    );
    expect(client.messages.find((each) => each.id === id)).toMatchObject({ type: answer });
    // Each example stands for itself, so the next one finds the subscription it needs.
    if (command === "unsubscribe") client.send(exampleOf("subscribe"));
  }
  expect(client.ofType("error")).toEqual([]);
});

/** Takes any input (Standard Schema). */
const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

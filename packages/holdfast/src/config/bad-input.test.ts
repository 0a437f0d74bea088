import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OptionDeclaration, OptionTable } from "@holdfast/core";
import { afterAll, describe, expect, it } from "vitest";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { main } from "../main.js";
import { flagOf, variableOf } from "./names.js";
import { options } from "./server-options.js";
import { expectation } from "./value.js";

// Bad input at the doors of the configuration: the file, the environment and the flags. Each wrong
// value is named by its place, with what was expected, and the command ends with 2.

const folder = mkdtempSync(join(tmpdir(), "holdfast-bad-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function config(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; noted: string }> {
  const terminal = new RecordingTerminal(env, folder);
  const code = await main(["config", ...args], terminal);
  expect(terminal.printed.length > 0).toBe(code === 0);
  return { code, noted: terminal.noted.join("\n") };
}

async function configOf(content: unknown): Promise<{ code: number; noted: string }> {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  writeFileSync(join(folder, "bad.json"), text);
  return config(["--config", "bad.json"]);
}

/** A value in JSON that an option of the kind does not take. */
function wrongJson({ kind, max }: OptionDeclaration): readonly unknown[] {
  switch (kind) {
    case "integer":
      return ["8000", 1.5, -1, null, [], ...(max === undefined ? [] : [max + 1])];
    case "number":
      return ["1", null, []];
    case "boolean":
      return ["true", 1, null];
    case "string":
      return [1, true, null, []];
    case "strings":
      return ["one", [1], null, {}];
    case "json":
      return [[], "x", 1, null];
  }
}

/** A text of a variable or flag that an option of the kind does not take. */
function wrongText({ kind, choices, max }: OptionDeclaration): readonly string[] {
  switch (kind) {
    case "integer":
      return ["", "ten", "1.5", "-1", "1e999", ...(max === undefined ? [] : [String(max + 1)])];
    case "number":
      return ["", "ten"];
    case "boolean":
      return ["", "perhaps"];
    case "json":
      return ["", "{", "[]", "1"];
    // Any text is one, and any text is a list.
    case "string":
      return choices === undefined ? [] : ["none-of-these", ""];
    case "strings":
      return [];
  }
}

const table: OptionTable = options;

describe.each(Object.entries(table))("%s", (name, declaration) => {
  const expected = `expected ${expectation(declaration)}.`;

  it("is refused in the file where it is no such value", async () => {
    for (const value of wrongJson(declaration)) {
      const { code, noted } = await configOf({ [name]: value });
      expect([value, code, noted]).toEqual([value, 2, `bad.json: ${name}: ${expected}`]);
    }
  });

  it("is refused in the environment and as a flag", async () => {
    for (const text of wrongText(declaration)) {
      const variable = variableOf(name);
      const inEnvironment = await config([], { [variable]: text });
      expect([text, inEnvironment]).toEqual([text, { code: 2, noted: `${variable}: ${expected}` }]);
      const asFlag = await config([`--${flagOf(name)}=${text}`]);
      expect([text, asFlag]).toEqual([text, { code: 2, noted: `--${flagOf(name)}: ${expected}` }]);
    }
  });
});

it.each([
  ["no JSON", "{", /^bad\.json is not valid JSON: ./],
  ["a list", "[]", /^bad\.json: expected a JSON object\.$/],
  ["null", "null", /^bad\.json: expected a JSON object\.$/],
  ["an unknown name", { porrt: 1 }, /^bad\.json: Unknown option "porrt"\. Did you mean "port"\?$/],
  ["rules that are a list", { channels: [] }, /^bad\.json: channels: expected an object/],
  [
    "a pattern out of grammar",
    { channels: { Chat: {} } },
    /"Chat" is not a channel pattern; write namespace:name/,
  ],
  [
    "a rule that is a list",
    { channels: { "chat:*": [] } },
    /channels\["chat:\*"\]: expected an object with history/,
  ],
  [
    "an unknown field",
    { channels: { "chat:*": { presense: true } } },
    /Unknown field "presense"\. Did you mean "presence"\?/,
  ],
  [
    "history that is true",
    { channels: { "chat:*": { history: true } } },
    /history: expected false or an object with maxCount/,
  ],
  [
    "an unknown bound",
    { channels: { "chat:*": { history: { maxcount: 1 } } } },
    /Did you mean "maxCount"\?/,
  ],
  [
    "a bound below 0",
    { channels: { "chat:*": { history: { maxAgeMs: -1 } } } },
    /history\.maxAgeMs: expected a whole number of at least 0/,
  ],
  [
    "presence that is a text",
    { channels: { "chat:*": { presence: "yes" } } },
    /presence: expected true or false/,
  ],
  [
    "a rate of 0",
    { channels: { "chat:*": { maxPerSecond: 0 } } },
    /maxPerSecond: expected a number above 0/,
  ],
  [
    "an anonymous action",
    { anonymous: { "chat:*": ["read"] } },
    /anonymous\["chat:\*"\]: Unknown action "read"/,
  ],
  [
    "anonymous without a list",
    { anonymous: { "chat:*": true } },
    /anonymous\["chat:\*"\]: expected a list of subscribe/,
  ],
  [
    "a namespace for its channels",
    { anonymous: { chat: ["subscribe"] } },
    /anonymous\["chat"\]: without a colon it is the name of a call/,
  ],
])(
  "a configuration file with %s is refused, and says where and why",
  async (_name, content, message) => {
    const { code, noted } = await configOf(content);
    expect(code).toBe(2);
    expect(noted).toMatch(message);
  },
);

it("a file that was asked for and is not there is a fault; the one nobody asked for is not", async () => {
  const missing = await config(["--config", "missing.json"]);
  expect(missing).toMatchObject({
    code: 2,
    noted: expect.stringMatching(/missing\.json cannot be read/),
  });
  const named = await config([], { HOLDFAST_CONFIG: "missing.json" });
  expect(named).toMatchObject({
    code: 2,
    noted: expect.stringMatching(/missing\.json cannot be read/),
  });
  expect((await config([])).code).toBe(0);
});

it("every fault of every door is listed at once", async () => {
  writeFileSync(join(folder, "bad.json"), '{"port":"x","channels":{"chat:*":{"presence":1}}}');
  const { code, noted } = await config(["--config", "bad.json", "--drain-ms", "soon"], {
    HOLDFAST_HOOST: "x",
  });
  expect(code).toBe(2);
  expect(noted.split("\n")).toEqual([
    "bad.json: port: expected a whole number from 0 to 65535.",
    'bad.json: channels["chat:*"].presence: expected true or false.',
    'Unknown environment variable "HOLDFAST_HOOST". Did you mean "HOLDFAST_HOST"?',
    expect.stringMatching(/^--drain-ms: expected a whole number/),
  ]);
});

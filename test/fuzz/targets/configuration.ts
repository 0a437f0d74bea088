import type { OptionDeclaration, OptionTable } from "@holdfast/core";
import type { SeededRandom } from "@holdfast/core/testing";
import { type FlagKind, parseArguments } from "../../../packages/holdfast/src/cli/arguments.js";
import { flagOf, variableOf } from "../../../packages/holdfast/src/config/names.js";
import { type Inputs, resolve } from "../../../packages/holdfast/src/config/resolve.js";
import { options } from "../../../packages/holdfast/src/config/server-options.js";
import { UsageError } from "../../../packages/holdfast/src/config/usage-error.js";
import { spoilt } from "../kit/bytes.js";
import { hostileJson, spoiltJson } from "../kit/json.js";
import { must, type Target } from "../kit/target.js";

// An input is three parts with a NUL between them: the file, the variables and the flags, the latter
// two a line each.

const table: OptionTable = options;
const names = Object.keys(table);
const kinds: ReadonlyMap<string, FlagKind> = new Map(
  Object.entries(table).map(([name, { kind }]) => [
    flagOf(name),
    kind === "boolean" ? "boolean" : "text",
  ]),
);

const rules = {
  "chat:*": { history: { maxCount: 10, maxAgeMs: 60_000, maxBytes: 1_000 }, presence: true },
  "cursors:*": { ephemeral: true, maxPerSecond: 30 },
  "user:{sub}:*": { state: "merge" },
};
/** Compiling one takes most of the time that an input takes. */
const withSchema = { "doc:*": { schema: { type: "object", properties: { a: {} } } } };

/** The three doors of the configuration. */
export function configurationTarget(share: number): Target {
  return {
    name: "configuration",
    share,
    make(random) {
      const some = (count: number): string[] =>
        Array.from({ length: random.int(count) }, () => random.pick(names));
      const file = {
        ...Object.fromEntries(some(6).map((name) => [name, right(name)])),
        ...(random.chance(0.03) ? { channels: withSchema } : {}),
        ...(random.chance(0.4) ? { channels: rules, anonymous: { "chat:*": ["subscribe"] } } : {}),
      };
      const variables = some(4).map((name) => `${variableOf(name)}=${textOf(name, random)}`);
      const flags = some(4).map((name) => `--${flagOf(name)}=${textOf(name, random)}`);
      const text = `${spoiltJson(file, random)}\0${variables.join("\n")}\0${flags.join("\n")}`;
      return random.chance(0.3) ? spoilt(Buffer.from(text), random) : Buffer.from(text);
    },
    start() {
      return { run: judge };
    },
  };
}

const right = (name: string): unknown => table[name]?.default;

function textOf(name: string, random: SeededRandom): string {
  if (random.chance(0.3)) return hostileJson(random);
  const declared: OptionDeclaration | undefined = table[name];
  const value = declared?.default;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function judge(input: Buffer): void {
  const [file = "", variables = "", flags = ""] = input.toString("utf8").split("\0");
  try {
    const { options: effective } = resolve(inputsOf(file, variables, flags));
    for (const [name, declaration] of Object.entries(table)) {
      const value = (effective as Readonly<Record<string, unknown>>)[name];
      must(isWithin(declaration, value), `${name} is what it was declared to be`);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    must(error.message !== "", "a refusal says why");
  }
}

function inputsOf(file: string, variables: string, flags: string): Inputs {
  let content: unknown;
  try {
    content = JSON.parse(file);
  } catch {
    // The reader of the file says so before anything else looks at it.
    content = {};
  }
  const env: Record<string, string> = {};
  for (const line of variables.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0 && line !== "__proto__=") env[line.slice(0, at)] = line.slice(at + 1);
  }
  const args = flags === "" ? [] : flags.split("\n");
  return { file: { path: "fuzz.json", content }, env, flags: parseArguments(args, kinds).flags };
}

function isWithin({ kind, min, max, choices }: OptionDeclaration, value: unknown): boolean {
  if (kind === "integer" || kind === "number") {
    if (typeof value !== "number" || Number.isNaN(value)) return false;
    return value >= (min ?? value) && value <= (max ?? value);
  }
  if (kind === "boolean") return typeof value === "boolean";
  if (kind === "string") {
    return typeof value === "string" && (choices === undefined || choices.includes(value));
  }
  if (kind === "strings") return Array.isArray(value);
  return typeof value === "object" && value !== null;
}

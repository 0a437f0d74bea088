import { readFileSync } from "node:fs";
import type { SeededRandom } from "@holdfast/core/testing";
import { upSchemas } from "@holdfast/protocol/schemas";
import { boundLengths } from "./json.js";

/** One command of each kind with every field that it can have. */
const whole: Readonly<Record<string, object>> = {
  connect: { token: "t", session: "s-1", features: ["state"] },
  refresh: { token: "t" },
  subscribe: { channel: "chat:a", position: { epoch: "e", offset: 1, id: "i" } },
  unsubscribe: { channel: "chat:a" },
  publish: {
    channel: "chat:a",
    data: { text: "hello", list: [1, 2, { deep: null }] },
    key: "k",
    tags: ["one"],
    meta: { a: "b" },
    session: { id: "s", seq: 1 },
    expectedOffset: 0,
  },
  history: { channel: "chat:a", limit: 10 },
  presence: { channel: "chat:a", watch: true },
  presence_enter: { channel: "chat:a", data: { mood: "good" } },
  presence_leave: { channel: "chat:a" },
  call: { method: "echo", data: [1] },
  cancel: { call: 1 },
  ping: {},
  pong: {},
};

interface VectorFile {
  readonly vectors: readonly { readonly text: string }[];
}

/** The texts of the protocol's own vectors. */
export function vectorTexts(root: string): readonly string[] {
  const text = readFileSync(`${root}/packages/protocol/vectors/json-up.json`, "utf8");
  return (JSON.parse(text) as VectorFile).vectors.map((vector) => vector.text);
}

const names = Object.keys(upSchemas);

/** A command that is right, or nearly; a kind that is new has no fields here and still its name. */
export function command(random: SeededRandom): object {
  const type = random.pick(names);
  const id = random.chance(0.6) ? { id: 1 + random.int(6) } : {};
  const fields = Object.entries(whole[type] ?? {}).filter(() => random.chance(0.8));
  const shown = fields.map(([name, value]) => [name, varied(value, random)]);
  return { type, ...id, ...Object.fromEntries(shown) };
}

const numbers = [0, 1, 2, 255, 256, 1_000, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];

/** The same, or a value at a bound of what is permitted, or just beyond. */
function varied(value: unknown, random: SeededRandom): unknown {
  if (!random.chance(0.1)) return value;
  if (typeof value === "string") return random.id(random.pick(boundLengths));
  if (typeof value === "number") return random.pick(numbers);
  return value;
}

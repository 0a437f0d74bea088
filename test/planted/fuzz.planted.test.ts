import { describe, expect, it } from "vitest";
import { bundleFuzzer } from "../../tools/fuzz/bundle.mjs";
import { runFuzzer } from "../../tools/fuzz/run.mjs";
import type { Defect } from "../../tools/planting.mjs";

// A fuzzer that finds nothing may be one that cannot: each defect is put into the product's source
// while the fuzzer is bundled, and has to be found within so many inputs.

interface FuzzDefect extends Defect {
  readonly target: string;
  readonly inputs: number;
  /** Part of what is said about it. */
  readonly problem: RegExp;
}

const node = "packages/gateway/src/node";

const defects: readonly FuzzDefect[] = [
  {
    name: "a parser that throws on one byte",
    target: "codec-json",
    inputs: 20_000,
    problem: /planted/,
    file: "packages/protocol/src/codec/json-lines.ts",
    find: "  let message: unknown;\n",
    replace: `  let message: unknown;
  if (text.includes("\\u007f")) throw new Error("planted");\n`,
  },
  {
    name: "a prototype that a merge touches",
    target: "codec-json",
    inputs: 5_000,
    problem: /the prototype of all objects/,
    file: "packages/protocol/src/codec/json-lines.ts",
    find: "  textToBytes(message);\n  if",
    replace: `  const into: Fields = {};
  if (isFields(message)) {
    for (const [name, value] of Object.entries(message)) {
      if (isFields(value) && isFields(into[name])) Object.assign(into[name], value);
    }
  }
  textToBytes(message);
  if`,
  },
  {
    name: "a session that fails on a name of the longest length",
    target: "session-json",
    inputs: 5_000,
    problem: /mistake/,
    file: "packages/gateway/src/session/intake.ts",
    find: "    const { message } = parsed;\n",
    replace: `    const { message } = parsed;
    if ("key" in message && (message.key ?? "").length === 128) throw new Error("planted");\n`,
  },
  {
    name: "what was received is kept",
    target: "session-json",
    inputs: 8_000,
    problem: /leak/,
    file: "packages/gateway/src/session/intake.ts",
    find: "    const { settings } = this.#taker.shared;\n",
    replace: `    const { settings } = this.#taker.shared;
    const all = globalThis as { kept?: unknown[] };
    (all.kept ??= []).push(Buffer.from(String(payload)).toString("hex").split(""));\n`,
  },
  {
    name: "an endless loop",
    target: "handshake",
    inputs: 20_000,
    problem: /hung: handshake/,
    file: `${node}/negotiation.ts`,
    find: "    if (!TOKEN.test(offer)) return malformed;\n",
    replace: `    while (offer.includes("__proto__")) {}
    if (!TOKEN.test(offer)) return malformed;\n`,
  },
  {
    name: "a pattern of origins that forgets where it begins",
    target: "handshake",
    inputs: 20_000,
    problem: /an origin is listed/,
    file: `${node}/origins.ts`,
    find: "if (!origin.startsWith(scheme) || !origin.endsWith(domain)) return false;",
    replace: "if (!origin.includes(domain)) return false;",
    also: {
      find: "return labels.length <= 253 && SUBDOMAIN_LABELS.test(labels);",
      replace: "return labels.length <= 253;",
    },
  },
  {
    name: "a signature that nobody compares",
    target: "token",
    inputs: 5_000,
    problem: /no identity without its signature/,
    file: `${node}/jwt/signature.ts`,
    find: "given.byteLength === wanted.byteLength && timingSafeEqual(given, wanted)",
    replace: "given.byteLength === wanted.byteLength",
  },
  {
    name: "a file outside the folder",
    target: "http-tcp",
    inputs: 3_000,
    problem: /no file outside/,
    file: `${node}/static-files.ts`,
    find: "    if (path !== base && !path.startsWith(base + sep)) return undefined;\n",
    replace: "",
    also: { find: 'segment.startsWith(".") || ', replace: "" },
  },
  {
    name: "a message that throws where it was received",
    target: "frames",
    inputs: 5_000,
    problem: /mistake/,
    file: `${node}/ws-transport.ts`,
    find: "    this.#owner.traffic.messagesReceived.add();\n",
    replace: `    this.#owner.traffic.messagesReceived.add();
    if (isBinary && byteLength === 0) setTimeout(() => this.#failed(new Error("planted")));\n`,
  },
  {
    name: "a refusal that cannot be put into words",
    target: "configuration",
    inputs: 10_000,
    problem: /Cannot convert object/,
    file: "packages/holdfast/src/config/channel-rules.ts",
    find: "nameOf(action), actions",
    replace: "String(action), actions",
  },
];

describe("the fuzzer finds", () => {
  it.each(defects)(
    "$name in $inputs inputs",
    async ({ target, inputs, problem, ...defect }) => {
      const bundle = await bundleFuzzer(defect);
      const task = { inputs, seed: 1, only: target };
      const { lines, failure } = await runFuzzer(bundle, task, { maxSilenceMs: 30_000 });
      const found = [failure, ...lines.map(({ outcome }) => outcome?.finding?.problem)];
      expect(found.join("\n")).toMatch(problem);
    },
    240_000,
  );
});

it("a defect whose place is gone is an error and not a finding", async () => {
  const [defect] = defects;
  await expect(bundleFuzzer({ ...defect!, find: "this text stands nowhere" })).rejects.toThrow(
    "stands 0 times",
  );
});

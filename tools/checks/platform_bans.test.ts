import { expect, test } from "vitest";
import { checkPlatformBans } from "./platform_bans.mjs";

const planted = [
  "const t = Date.now();",
  "const t = Date\n  .now();",
  "const t = new Date();",
  "const t = new Date;",
  "const t = Date();",
  "const { now } = Date;",
  "const t = performance.now();",
  "const t = process.hrtime.bigint();",
  "const r = Math.random();",
  "const { random } = Math;",
  "const id = crypto.randomUUID();",
  "crypto.getRandomValues(bytes);",
  "setTimeout(f, 1);",
  "globalThis.setTimeout(f, 1);",
  "setInterval(f, 1);",
  "setImmediate(f);",
  "queueMicrotask(f);",
  "process.nextTick(f);",
  "const s = AbortSignal.timeout(5);",
  `const s = \`$${"{"}Date.now()}\`;`,
  'import { readFile } from "node:fs/promises";',
];

test.each(planted)("core logic with %j is found", (text) => {
  expect(checkPlatformBans([{ path: "packages/core/src/x.ts", text }])).not.toEqual([]);
});

test.each([
  "packages/gateway/src/node/clock.ts",
  "packages/client/src/platform/browser.ts",
  "packages/holdfast/src/cli.ts",
  "packages/core/src/x.test.ts",
  "tools/x.ts",
  "sim/world.ts",
])("the platform file %s may", (path) => {
  expect(checkPlatformBans([{ path, text: planted.join("\n") }])).toEqual([]);
});

test.each([
  "// Date.now() is banned here",
  'const text = "Math.random() and setTimeout";',
  "const at = new Date(wallMs).toISOString();",
  "const at = new Date( wallMs );",
  "const at: Date = parse(text);",
  "clock.after(5, f); this.#timers.setTimeout(f);",
  'import type { Server } from "node:http";',
  "const ms = Date.parse(text);",
])("core logic with %j is left alone", (text) => {
  expect(checkPlatformBans([{ path: "packages/core/src/x.ts", text }])).toEqual([]);
});

test("core logic that goes through a platform file is found, and a door that puts it in is not", () => {
  const text = 'import { digestOf } from "../node/digest.js";';
  const found = (path: string, imports = text) => checkPlatformBans([{ path, text: imports }]);
  expect(found("packages/gateway/src/session/identity.ts")).toHaveLength(1);
  expect(found("packages/gateway/src/hub/x.ts", text.replace("import", "import type"))).toEqual([]);
  expect(found("packages/gateway/src/create-gateway.ts", text.replace("..", "."))).toEqual([]);
});

test("a violation names its line", () => {
  const text = "// one\n\nconst t = Date.now();\n";
  expect(checkPlatformBans([{ path: "packages/core/src/x.ts", text }])[0]?.line).toBe(3);
});

import { expect, test } from "vitest";
import { checkDependencyDirection, mayKnow } from "./dependency_direction.mjs";

function manifest(folder: string, dependencies: Record<string, string>) {
  return {
    path: `packages/${folder}/package.json`,
    text: JSON.stringify({ name: `@holdfast/${folder}`, dependencies }),
  };
}

function messages(files: { path: string; text: string }[]): string[] {
  return checkDependencyDirection(files).map((violation) => violation.message);
}

test("what the table allows passes", () => {
  expect(
    messages([
      manifest("client", { "@holdfast/core": "0.1.0", ws: "8.0.0" }),
      {
        path: "packages/client/src/mod.ts",
        text: 'import "@holdfast/core"; import { a } from "./a.js"; import ws from "ws"; import "node:fs";',
      },
    ]),
  ).toEqual([]);
});

test("an import against the direction is found, also of a type", () => {
  const text = 'import type { Hub } from "@holdfast/gateway";';
  expect(messages([{ path: "packages/core/src/x.ts", text }])).toEqual([
    "core may not import gateway",
  ]);
});

test("a dependency against the direction is found in package.json", () => {
  expect(messages([manifest("protocol", { "@holdfast/client": "0.1.0" })])).toContain(
    "protocol may not depend on client",
  );
});

test("a relative import that leaves its package is found", () => {
  const text = 'export * from "../../core/src/clock.js";';
  expect(messages([{ path: "packages/client/src/mod.ts", text }])[0]).toContain(
    "leaves the package",
  );
});

test("an undeclared npm package is found", () => {
  const text = 'import fc from "fast-check";';
  expect(messages([manifest("core", {}), { path: "packages/core/src/x.ts", text }])[0]).toContain(
    "fast-check is imported but not declared",
  );
});

test("what only the tests of a package need is for its testing folder, unless others are given that", () => {
  const text = 'import { build } from "esbuild";';
  const json = { name: "@holdfast/nats", devDependencies: { esbuild: "0.28.2" } };
  const found = (manifest: object, path: string) =>
    messages([
      { path: "packages/nats/package.json", text: JSON.stringify(manifest) },
      { path, text },
    ]);

  expect(found(json, "packages/nats/src/testing/planting.ts")).toEqual([]);
  expect(found(json, "packages/nats/src/mod.ts")[0]).toContain("esbuild is imported but not");
  const givenAway = { ...json, exports: { "./testing": "./dist/testing/mod.js" } };
  expect(found(givenAway, "packages/nats/src/testing/planting.ts")[0]).toContain("esbuild");
});

test("a testing door used outside of tests is found", () => {
  const text = 'import { VirtualClock } from "@holdfast/core/testing";';
  expect(messages([{ path: "packages/client/src/x.ts", text }])[0]).toContain("for tests only");
  expect(messages([{ path: "packages/client/src/x.test.ts", text }])).toEqual([]);
});

test("a package without a row is found", () => {
  expect(messages([manifest("sidecar", {})])[0]).toContain("no row in the table");
});

test("a cycle is found", () => {
  const found = messages([
    manifest("core", { "@holdfast/protocol": "0.1.0" }),
    manifest("protocol", { "@holdfast/core": "0.1.0" }),
  ]);
  expect(found).toContain("cycle: core → protocol → core");
});

test("the table itself has one direction", () => {
  const placed = new Set<string>();
  let before = -1;
  while (placed.size > before) {
    before = placed.size;
    for (const [name, known] of Object.entries(mayKnow)) {
      if (known.every((other) => placed.has(other))) placed.add(name);
    }
  }
  expect([...placed].sort()).toEqual(Object.keys(mayKnow).sort());
});

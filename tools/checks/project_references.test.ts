import { expect, test } from "vitest";
import { checkProjectReferences } from "./project_references.mjs";

function files(rootReferences: string[], clientReferences: string[]) {
  const references = (paths: string[]) =>
    JSON.stringify({ references: paths.map((path) => ({ path })) });
  return [
    { path: "tsconfig.json", text: references(rootReferences) },
    {
      path: "packages/client/package.json",
      text: JSON.stringify({ dependencies: { "@holdfast/core": "0.1.0", ws: "8.0.0" } }),
    },
    { path: "packages/client/tsconfig.json", text: references(clientReferences) },
  ];
}

test("a package that is reached and names what it needs passes", () => {
  expect(checkProjectReferences(files(["packages/client"], ["../core"]))).toEqual([]);
});

test("a package that tsc -b does not reach is found", () => {
  expect(checkProjectReferences(files([], ["../core"]))).toEqual([
    { path: "tsconfig.json", message: "does not refer to packages/client" },
  ]);
});

test("a package that would be compiled before what it needs is found", () => {
  expect(checkProjectReferences(files(["packages/client"], []))).toEqual([
    { path: "packages/client/tsconfig.json", message: "does not refer to packages/core" },
  ]);
});

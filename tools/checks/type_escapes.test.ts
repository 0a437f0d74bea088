import { expect, test } from "vitest";
import { checkTypeEscapes } from "./type_escapes.mjs";

test.each([
  "let a: any;",
  "const a = b as any;",
  "const a: Map<string, any> = m;",
  "function f(a: any): void {}",
  "type A = string | any;",
  "const a = b as unknown as C;",
  "// @ts-ignore\nf();",
  "// @ts-nocheck",
  "// @ts-expect-error\nf();",
  'test.only("x", f);',
  'test.each(rows).skip("x", f);',
  'describe.skip("x", f);',
  'it.todo("x");',
  'test.skipIf(slow)("x", f);',
  "xit(name, f);",
  "test(name, (ctx) => ctx.skip());",
  "export enum Color { red }",
])("%j is found", (text) => {
  expect(checkTypeEscapes([{ path: "packages/core/src/x.ts", text }])).not.toEqual([]);
});

test.each([
  "// any of them as unknown as",
  'const a = "test.only( as any";',
  "const first = await Promise.any(list);",
  "const a = { any: 1 };",
  "const a: unknown = b;",
  "reader.skip(4); const only = list.only;",
  "type Company = string;",
])("%j is left alone", (text) => {
  expect(checkTypeEscapes([{ path: "packages/core/src/x.ts", text }])).toEqual([]);
});

test("an expected compile error may stand in a test", () => {
  const text = "// @ts-expect-error: the name is unknown\nf();";
  expect(checkTypeEscapes([{ path: "packages/core/src/x.test.ts", text }])).toEqual([]);
});

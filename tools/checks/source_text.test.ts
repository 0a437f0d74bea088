import { expect, test } from "vitest";
import { blank, importsOf } from "./source_text.mjs";

test("comments and strings are blanked, code and line numbers stay", () => {
  const source = 'const a = "Date.now()"; // Date.now()\n/* Date\n.now */ b();';
  const code = blank(source);
  expect(code).not.toContain("Date");
  expect(code).toContain("const a =");
  expect(code.split("\n")[2]).toContain("b();");
  expect(code).toHaveLength(source.length);
});

test("the code inside a template's braces is code, the text around it is not", () => {
  const open = "$".concat("{");
  const code = blank(
    `const t = \`Date.now ${open}Math.random() + \`${open}{ a: 1 }.a} x\`} Date.now\`; y();`,
  );
  expect(code).toContain("Math.random()");
  expect(code).toContain("y();");
  expect(code).not.toContain("Date.now");
});

test("a regular expression with quotes and slashes does not swallow what follows", () => {
  const code = blank("const r = /[\"'/]\\/`/g; Date.now();");
  expect(code).toContain("Date.now()");
});

test("a division is not taken for a regular expression", () => {
  expect(blank("const half = total / 2; const q = (a) / Date.now() / 3;")).toContain("Date.now()");
});

test("an escaped quote does not end a string", () => {
  expect(blank('const a = "\\"Date.now()"; b();')).not.toContain("Date");
});

test("imports of every form are found, and those in strings and comments are not", () => {
  const source = [
    'import { a } from "one";',
    'import type { b } from "two";',
    'import "three";',
    'export * from "four";',
    'export type { c } from "five";',
    'const d = await import("six");',
    'import {\n  e,\n  f,\n} from "seven";',
    '// import x from "no";',
    'const s = `import y from "no"`;',
  ].join("\n");
  expect(importsOf(source).map((found) => found.specifier)).toEqual([
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
  ]);
  expect(importsOf(source)[1]?.typeOnly).toBe(true);
});

import { isTest, isTypeScript } from "./files.mjs";
import { blank, lineAt } from "./source_text.mjs";

/** @import { SourceFile, Violation } from "./files.mjs" */

/**
 * @typedef {{ pattern: RegExp, message: string, in: "code" | "text", testsMay?: boolean }} Ban
 * `in`: searched in the code alone, or in the comments too
 * @type {readonly Ban[]}
 */
const bans = [
  {
    pattern: /(?:[:<|&,=]|\bas|\bextends|\bsatisfies)\s*any\b(?!\s*[:(])/g,
    message: "any: give it a type, or unknown",
    in: "code",
  },
  {
    pattern: /\bas\s+unknown\s+as\b/g,
    message: "as unknown as: convert with a check instead",
    in: "code",
  },
  { pattern: /@ts-(?:ignore|nocheck)\b/g, message: "the compiler may not be silenced", in: "text" },
  {
    pattern: /@ts-expect-error\b/g,
    message: "an expected compile error belongs into a test",
    in: "text",
    testsMay: true,
  },
  {
    pattern:
      /(?:\b(?:test|it|describe|suite|bench)\b[^;\n]*|\)\s*)\.\s*(?:only|skip|todo|skipIf|runIf)\s*[(.`]/g,
    message: "every test runs, always: no only, skip, todo",
    in: "code",
  },
  {
    pattern: /(?<![.\w$])(?:xit|xtest|xdescribe|fit|fdescribe)\s*\(/g,
    message: "every test runs, always: no only, skip, todo",
    in: "code",
  },
  {
    pattern: /\b(?:context|ctx|t)\s*\.\s*skip\s*\(/g,
    message: "every test runs, always: no only, skip, todo",
    in: "code",
  },
  {
    pattern: /^[ \t]*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/gm,
    message: "enum: use a union of literals",
    in: "code",
  },
];

/**
 * What would take the compiler's or the tests' word away.
 * @param {readonly SourceFile[]} files
 * @returns {Violation[]}
 */
export function checkTypeEscapes(files) {
  /** @type {Violation[]} */
  const violations = [];
  for (const { path, text } of files) {
    // The planted violations of this very check stand in strings and comments of its test.
    if (!isTypeScript(path) || path.startsWith("tools/checks/")) continue;
    const code = blank(text);
    for (const ban of bans) {
      if (ban.testsMay && isTest(path)) continue;
      const searched = ban.in === "code" ? code : text;
      for (const match of searched.matchAll(ban.pattern)) {
        violations.push({ path, line: lineAt(searched, match.index), message: ban.message });
      }
    }
  }
  return violations;
}

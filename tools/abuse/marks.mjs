import { repositoryFiles } from "../checks/files.mjs";

/**
 * Test files by the row of the abuse cases that their tests carry in their names, with how many do.
 * @param {string} root
 * @returns {Promise<Map<number, Map<string, number>>>}
 */
export async function marksOf(root) {
  /** @type {Map<number, Map<string, number>>} */
  const marks = new Map();
  for (const { path, text } of await repositoryFiles(root)) {
    if (!path.endsWith(".test.ts") || path.startsWith("tools/")) continue;
    // A table of cases: the number stands before each case's name.
    const inTable = text.includes('"abuse %s') ? text.matchAll(/^\s*\[?"(\d+): /gm) : [];
    for (const [, row] of [...text.matchAll(/\babuse (?:case )?(\d+)\b/g), ...inTable]) {
      const files = marks.get(Number(row)) ?? new Map();
      files.set(path, (files.get(path) ?? 0) + 1);
      marks.set(Number(row), files);
    }
  }
  return marks;
}

import { posix } from "node:path";

/** @import { SourceFile, Violation } from "./files.mjs" */

/**
 * tsc -b compiles what it is led to: a package that no reference reaches would never be compiled,
 * and one that does not name what it needs might be compiled too early.
 * @param {readonly SourceFile[]} files
 * @returns {Violation[]}
 */
export function checkProjectReferences(files) {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const referred = referencesOf("tsconfig.json", texts);
  /** @type {Violation[]} */
  const violations = [];
  for (const { path, text } of files) {
    const folder = /^(?<folder>packages\/[^/]+)\/package\.json$/.exec(path)?.groups?.folder;
    if (folder === undefined) continue;
    if (!referred.includes(folder)) {
      violations.push({ path: "tsconfig.json", message: `does not refer to ${folder}` });
    }
    const own = referencesOf(`${folder}/tsconfig.json`, texts);
    for (const name of Object.keys(JSON.parse(text).dependencies ?? {})) {
      if (!name.startsWith("@holdfast/")) continue;
      const needed = name.replace("@holdfast/", "packages/");
      if (own.includes(needed)) continue;
      violations.push({ path: `${folder}/tsconfig.json`, message: `does not refer to ${needed}` });
    }
  }
  return violations;
}

/**
 * @param {string} path of a tsconfig.json
 * @param {ReadonlyMap<string, string>} texts
 * @returns {string[]} folders from the root
 */
function referencesOf(path, texts) {
  const text = texts.get(path);
  if (text === undefined) return [];
  /** @type {{ references?: { path: string }[] }} */
  const { references = [] } = JSON.parse(text);
  return references.map((reference) => posix.join(posix.dirname(path), reference.path));
}

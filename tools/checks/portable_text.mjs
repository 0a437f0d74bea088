import { lineAt } from "./source_text.mjs";

/** @import { SourceFile, Violation } from "./files.mjs" */

/** @type {readonly { pattern: RegExp, message: string }[]} */
const bans = [
  {
    pattern: /(?<![\w.:/@*}~-])\/(?:home|root|Users|work)\/[\w.]/g,
    message: "a path of one machine",
  },
  {
    pattern:
      /\b(?:https?:)?\/\/(?:[\w-]+\.)*(?:registry|artifactory|nexus|pypi|proxy)\.[\w-]+\.\w+/g,
    message: "the host of a package registry",
  },
  { pattern: /\bregistry\.(?:npm|yarn)\w*\.\w+/g, message: "the host of a package registry" },
];

/**
 * Nothing committed speaks of one person's machine or one network.
 * @param {readonly SourceFile[]} files
 * @returns {Violation[]}
 */
export function checkPortableText(files) {
  return files.flatMap(({ path, text }) =>
    bans.flatMap(({ pattern, message }) =>
      [...text.matchAll(pattern)].map((match) => ({
        path,
        line: lineAt(text, match.index),
        message: `${message}: ${match[0]}`,
      })),
    ),
  );
}

import { posix } from "node:path";
import { packageSource } from "./files.mjs";
import { blank, importsOf, lineAt } from "./source_text.mjs";

/** @import { SourceFile, Violation } from "./files.mjs" */

/** Where the platform itself is the subject, and clocks, chance and timers are made. */
const platformPaths = [
  /^packages\/gateway\/src\/node\//,
  /^packages\/broker\/src\/file\/node\//,
  /^packages\/client\/src\/platform\//,
  /^packages\/probe\/src\/node\//,
  /^packages\/(?:redis|nats)\/src\/local\//,
  /^packages\/fanout\//,
  /^packages\/holdfast\//,
  /^packages\/[^/]+\/src\/(?:[^/]+\/)?testing\//,
];

/** Where the platform is put into what has none of its own. */
const doors = [
  /^packages\/gateway\/src\/(?:create-gateway|mod|internal)\.ts$/,
  /^packages\/client\/src\/(?:mod|node|internal-node)\.ts$/,
  /^packages\/broker\/src\/file\/mod\.ts$/,
];

/** @param {string} path */
const isPlatform = (path) => platformPaths.some((pattern) => pattern.test(path));

const time = "take the time from Clock";
const timer = "set timers through Clock";
const chance = "take chance from Random";

/** @type {readonly { pattern: RegExp, message: string }[]} */
const bans = [
  { pattern: /\bDate\s*\.\s*now\b/g, message: `Date.now: ${time}` },
  { pattern: /\bnew\s+Date\b(?!\s*\(\s*[^)\s])/g, message: `new Date(): ${time}` },
  { pattern: /(?<![.\w$]|new\s+)Date\s*\(/g, message: `Date(): ${time}` },
  { pattern: /\bperformance\s*\.\s*(?:now|timeOrigin)\b/g, message: `performance.now: ${time}` },
  { pattern: /\bprocess\s*\.\s*(?:hrtime|uptime)\b/g, message: `process.hrtime: ${time}` },
  {
    pattern: /=\s*(?:globalThis\s*\.\s*)?(?:Date|performance|Math|crypto)\s*[;,)\n]/g,
    message: `another name for a clock or for chance: ${time}, or ${chance}`,
  },
  { pattern: /\bMath\s*\.\s*random\b/g, message: `Math.random: ${chance}` },
  {
    pattern: /\b(?:getRandomValues|randomUUID|randomBytes|randomInt|randomFillSync|randomFill)\b/g,
    message: `cryptographic randomness: ${chance}`,
  },
  {
    pattern:
      /(?:(?<![.\w$])|\b(?:globalThis|window|self|global)\s*\.\s*)(?:setTimeout|setInterval|setImmediate|queueMicrotask|requestAnimationFrame|requestIdleCallback)\b/g,
    message: `a timer of the platform: ${timer}`,
  },
  { pattern: /\bprocess\s*\.\s*nextTick\b/g, message: `process.nextTick: ${timer}` },
  { pattern: /\bAbortSignal\s*\.\s*timeout\b/g, message: `AbortSignal.timeout: ${timer}` },
];

/**
 * Core logic has no clock, no chance and no timers of its own, so that the simulation owns them.
 * @param {readonly SourceFile[]} files
 * @returns {Violation[]}
 */
export function checkPlatformBans(files) {
  /** @type {Violation[]} */
  const violations = [];
  for (const { path, text } of files) {
    if (packageSource(path) === undefined) continue;
    if (isPlatform(path)) continue;
    const code = blank(text);
    for (const { pattern, message } of bans) {
      for (const match of code.matchAll(pattern)) {
        violations.push({ path, line: lineAt(code, match.index), message });
      }
    }
    for (const { specifier, typeOnly, line } of importsOf(text)) {
      if (typeOnly) continue;
      if (specifier.startsWith("node:")) {
        violations.push({ path, line, message: `${specifier}: only platform files know Node` });
      }
      const imported = posix.join(posix.dirname(path), specifier);
      if (
        specifier.startsWith(".") &&
        isPlatform(imported) &&
        !doors.some((door) => door.test(path))
      ) {
        const message = `${specifier}: what a platform file does is handed in`;
        violations.push({ path, line, message });
      }
    }
  }
  return violations;
}

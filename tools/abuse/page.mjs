import { abuseCases } from "../../test/abuse/cases.mjs";
import { opposites } from "../../test/abuse/opposites.mjs";
import { root } from "../steps/run.mjs";
import { marksOf } from "./marks.mjs";

/** @import { AbuseCase } from "../../test/abuse/cases.mjs" */

/**
 * @typedef {object} Row
 * @property {AbuseCase} abuse
 * @property {readonly (readonly [file: string, count: number])[]} tests
 * @property {readonly string[]} opposites
 * @property {"green" | "in part" | "tested" | "open"} state `tested`: no source of ours can switch it off;
 *   `open`: no test, or none that can fail
 */

/** @returns {Promise<readonly Row[]>} */
export async function abuseRows() {
  const marks = await marksOf(root);
  return abuseCases.map((abuse) => {
    const tests = [...(marks.get(abuse.row) ?? [])];
    const own = opposites.filter(({ row }) => row === abuse.row).map(({ name }) => name);
    return { abuse, tests, opposites: own, state: judge(abuse, tests.length, own.length) };
  });
}

/**
 * @param {AbuseCase} abuse
 * @param {number} testCount
 * @param {number} oppositeCount
 * @returns {Row["state"]}
 */
function judge({ pending, unplanted }, testCount, oppositeCount) {
  if (testCount === 0) return "open";
  if (oppositeCount === 0) return unplanted === undefined ? "open" : "tested";
  return pending === undefined ? "green" : "in part";
}

/** @param {string} text */
const cell = (text) => text.replaceAll("|", "\\|");

/** @param {readonly [string, number]} mark */
function link([file, count]) {
  const name = file
    .split("/")
    .at(-1)
    ?.replace(/\.test\.ts$/, "");
  return `[${name}](../${file})${count === 1 ? "" : ` × ${count}`}`;
}

/** @param {Row} row */
function stateOf({ abuse, state }) {
  if (abuse.pending !== undefined) return `${state}; pending: ${abuse.pending}`;
  return state;
}

/** @param {Row} row */
function line(row) {
  const { abuse, tests, opposites: names } = row;
  const switchedOff = names.length > 0 ? names.join("; ") : `none: ${abuse.unplanted ?? "open"}`;
  const cells = [
    String(abuse.row),
    abuse.what,
    abuse.outcome,
    tests.map(link).join(", "),
    switchedOff,
    stateOf(row),
  ];
  return `| ${cells.map(cell).join(" | ")} |`;
}

/** The text of docs/abuse-cases.md. */
export async function abusePage() {
  const rows = await abuseRows();
  const count = (/** @type {Row["state"]} */ state) =>
    rows.filter((row) => row.state === state).length;
  return `# What the gateway survives

Faults and abuse, and how they come out. "Survive" always includes: the process lives, other connections see
nothing, memory returns to its level, the event is counted and logged, and no secret is logged.

Every row's tests carry its number in their names. Every protection that stands in a source is switched off
there, one at a time, while its test is loaded, and the test has to fail (\`test/planted\`); nothing that is built
can have it so, and no option does it. What waits for a door that does not exist yet is pending, never green.
\`npm run test:security\` runs all of it, the conformance suite and the fuzzers.

${rows.length} rows: ${count("green")} green; ${count("in part")} green in part, as far as their doors exist; ${count("tested")} tested without
an opposite; ${count("open")} open. ${opposites.length} protections are switched off.

| # | what happens | outcome | tests | switched off | state |
| --- | --- | --- | --- | --- | --- |
${rows.map(line).join("\n")}

This page is generated from \`test/abuse\` and the names of the tests.
`;
}

/** @typedef {{ behavior: string, behaviorClose: string, duration: number }} Outcome */
/** @typedef {Readonly<Record<string, Outcome>>} Outcomes by the case's number */

/** What a conforming peer may do; anything else fails the command. */
const conforming = new Set(["OK", "NON-STRICT", "INFORMATIONAL"]);

/** As the suite names its sections. @type {Readonly<Record<string, string>>} */
const sections = {
  1: "Framing",
  2: "Pings and pongs",
  3: "Reserved bits",
  4: "Opcodes",
  5: "Fragmentation",
  6: "UTF-8",
  7: "Closing",
  9: "Limits and performance",
  10: "Automatic fragmentation",
  12: "Compression: payloads",
  13: "Compression: parameters",
};

/**
 * Everything that is not conforming, in what was said or in how it was closed.
 * @param {Outcomes} outcomes
 */
export function failures(outcomes) {
  return Object.entries(outcomes)
    .filter(([, { behavior, behaviorClose }]) => {
      return !conforming.has(behavior) || !conforming.has(behaviorClose);
    })
    .map(([id, { behavior, behaviorClose }]) => ({ id, behavior, behaviorClose }));
}

/**
 * One row for each section of the suite.
 * @param {Outcomes} outcomes
 */
export function bySection(outcomes) {
  /** @type {Map<string, { cases: number, ok: number, nonStrict: string[], informational: string[], failed: number, ms: number }>} */
  const rows = new Map();
  const failed = new Set(failures(outcomes).map(({ id }) => id));
  for (const [id, { behavior, duration }] of Object.entries(outcomes)) {
    const number = id.split(".")[0] ?? "";
    const row = rows.get(number) ?? {
      cases: 0,
      ok: 0,
      nonStrict: [],
      informational: [],
      failed: 0,
      ms: 0,
    };
    rows.set(number, row);
    row.cases += 1;
    row.ms += duration;
    if (failed.has(id)) row.failed += 1;
    else if (behavior === "NON-STRICT") row.nonStrict.push(id);
    else if (behavior === "INFORMATIONAL") row.informational.push(id);
    else row.ok += 1;
  }
  return [...rows]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([number, row]) => ({ number, name: sections[number] ?? "", ...row }));
}

/**
 * The summary as a page.
 * @param {Outcomes} outcomes
 * @param {{ suite: string, date: string, node: string, revision: string, messages: number }} about
 */
export function page(outcomes, { suite, date, node, revision, messages }) {
  const ids = (/** @type {string[]} */ list) => (list.length === 0 ? "" : list.join(", "));
  const rows = bySection(outcomes).map((row) => {
    const { number, name, cases, ok, nonStrict, informational, failed } = row;
    return `| ${number} | ${name} | ${cases} | ${ok} | ${ids(nonStrict)} | ${ids(informational)} | ${failed} |`;
  });
  const wrong = failures(outcomes);
  return [
    "# Autobahn test suite",
    "",
    `${suite}, ${date}, Node ${node}, revision ${revision}; ${messages} messages in each case of`,
    "sections 12 and 13. Made by `npm run conformance:autobahn -- --report FILE`;",
    "[what it runs against](../conformance.md).",
    "",
    "| section | | cases | OK | non-strict | informational | failed |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    wrong.length === 0
      ? `All ${Object.keys(outcomes).length} cases conform.`
      : `Not conforming: ${wrong.map(({ id, behavior, behaviorClose }) => `${id} (${behavior}, closing ${behaviorClose})`).join(", ")}.`,
    "",
  ].join("\n");
}

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { bundleFuzzer } from "../../tools/fuzz/bundle.mjs";
import { runFuzzer } from "../../tools/fuzz/run.mjs";
import type { Vector } from "./main.js";

const INPUTS = 200_000;
const patienceMs = 300_000;

it(
  `${INPUTS} bad inputs crash nothing, hang nothing, leak nothing and are nobody's mistake but the sender's`,
  async () => {
    const { lines, failure } = await runFuzzer(await bundleFuzzer(), { inputs: INPUTS, seed: 1 });
    const outcomes = lines.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome]));
    expect(failure).toBeUndefined();
    expect(outcomes.flatMap(({ finding }) => (finding === undefined ? [] : [finding]))).toEqual([]);
    const tried = outcomes.reduce((sum, { inputs }) => sum + inputs, 0);
    expect(tried).toBeGreaterThanOrEqual(INPUTS);
    const overSockets = outcomes.filter(({ target }) => target.endsWith("-tcp"));
    expect(overSockets.reduce((sum, { inputs }) => sum + inputs, 0)).toBeGreaterThan(3_000);
  },
  patienceMs,
);

it("what was found once is borne since", async () => {
  const file = new URL("./vectors/findings.json", import.meta.url);
  const vectors: readonly Vector[] = JSON.parse(readFileSync(file, "utf8"));
  const { lines, failure } = await runFuzzer(await bundleFuzzer(), { vectors });
  expect(failure).toBeUndefined();
  expect(lines).toEqual(vectors.map(({ name }) => ({ vector: name })));
});

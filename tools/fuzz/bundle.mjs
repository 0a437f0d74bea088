import { bundleSource } from "../bundling.mjs";

/** @import { Defect } from "../planting.mjs" */

const contents = `
  import { writeSync } from "node:fs";
  import { readTask, runTask } from "./main.ts";
  const tell = (line) => writeSync(1, JSON.stringify(line) + "\\n");
  try {
    await runTask(readTask(), tell);
    process.exit(0);
  } catch (error) {
    writeSync(2, String(error?.stack ?? error) + "\\n");
    process.exit(1);
  }
`;

/**
 * Bundles the fuzzer with the product's own source, whole or with one defect; the file that runs.
 * @param {Defect} [defect]
 * @returns {Promise<string>}
 */
export function bundleFuzzer(defect) {
  return bundleSource({ folder: "fuzz", resolveDir: "test/fuzz", contents, defect });
}

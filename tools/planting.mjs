import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./steps/run.mjs";

/**
 * A deliberate defect: a piece of the product's source and what stands there instead. It is put in
 * while a test loads or bundles the source, so that no product that was built can ever have it.
 *
 * @typedef {object} Defect
 * @property {string} name
 * @property {string} file path from the root
 * @property {string} find stands in the file exactly once
 * @property {string} replace
 * @property {{ find: string, replace: string }} [also] a second place in the same file
 */

/**
 * The file's text with the defect in it. Throws where its place is gone: a defect that is not there
 * must not count as found.
 * @param {Defect} defect
 * @returns {Promise<string>}
 */
export async function plantedText(defect) {
  let text = await readFile(join(root, defect.file), "utf8");
  for (const { find, replace } of defect.also === undefined ? [defect] : [defect, defect.also]) {
    const parts = text.split(find);
    if (parts.length !== 2) {
      const times = parts.length - 1;
      throw new Error(`${defect.name}: its place stands ${times} times in ${defect.file}`);
    }
    text = parts.join(replace);
  }
  return text;
}

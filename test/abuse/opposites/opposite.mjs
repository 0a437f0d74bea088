/** @import { Defect } from "../../../tools/planting.mjs" */

/**
 * A protection switched off, and the test that must then fail. It is a piece of the product's source
 * (or of a package that protects for us) and what stands there instead, put in while the test loads it:
 * nothing that is built can ever have it, and no option switches it.
 *
 * @typedef {Defect & {
 *   row: number,
 *   test: { file: string, name: string },
 * }} Opposite `row` of the abuse cases; `test.name` is part of the full name of one test
 */

/** Where most of what protects stands. */
export const node = "packages/gateway/src/node";
export const session = "packages/gateway/src/session";
export const hub = "packages/gateway/src/hub";
export const receiver = "node_modules/ws/lib/receiver.js";

/** @param {string} file @param {string} name */
export const test = (file, name) => ({ file, name });

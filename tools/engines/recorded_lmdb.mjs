import { open as openLmdb } from "lmdb";

/** @typedef {{ table: string, operation: "get" | "put" | "remove", key: Buffer, value: unknown }} Step */

/** What was asked of LMDB so far: a list of steps for each transaction. @type {Step[][]} */
export const transactions = [];

/**
 * `open` of lmdb, whose stores note what they are asked within transactions.
 * @param {Parameters<typeof openLmdb>[0]} options
 */
export function open(options) {
  const root = openLmdb(options);
  // Each `open` makes a class of its own, for the tables too.
  /** @type {Record<string, Function>} */
  const methods = Object.getPrototypeOf(root);
  const { childTransaction } = methods;
  /** @type {Step[] | undefined} */
  let steps;
  methods.childTransaction = /** @this {unknown} @param {() => unknown} write */ function (write) {
    return childTransaction?.call(this, () => {
      steps = [];
      transactions.push(steps);
      try {
        return write();
      } finally {
        steps = undefined;
      }
    });
  };
  for (const operation of /** @type {const} */ (["get", "put", "remove"])) {
    const original = methods[operation];
    methods[operation] =
      /** @this {{ name: string }} @param {Buffer} key @param {unknown} value */
      function (key, value) {
        // The engine may make another key of the same bytes.
        steps?.push({ table: this.name, operation, key: Buffer.from(key), value });
        return original?.call(this, key, value);
      };
  }
  return root;
}

import type { Row, Table } from "./store.js";

/** Goes round a table a few rows at a time, so that no sweep's work grows with the table. */
export class Hand<Value> {
  readonly #table: Table<Value>;
  #after: Buffer | undefined;

  constructor(table: Table<Value>) {
    this.#table = table;
  }

  /** The next rows, up to `maxRows`; from the beginning again after the last. */
  next(maxRows: number): Row<Value>[] {
    const start = this.#after === undefined ? {} : { start: Buffer.concat([this.#after, zero]) };
    const rows = [...this.#table.range({ ...start, limit: maxRows })];
    this.#after = rows.length < maxRows ? undefined : rows.at(-1)?.key;
    return rows;
  }
}

/** What makes the next possible key of a key. */
const zero = Buffer.from([0]);

import fc from "fast-check";
import { expect, test } from "vitest";
import { ChannelLog, noHistory } from "../memory/channel-log.js";
import type { LogRow, Table } from "./store.js";
import { StoredLog } from "./stored-log.js";

/** A table of entries in a map. */
function mapTable(): Table<Buffer> & { readonly rows: Map<string, Buffer> } {
  const rows = new Map<string, Buffer>();
  return {
    rows,
    get: (key) => rows.get(key.toString("hex")),
    put: (key, value) => void rows.set(key.toString("hex"), value),
    remove: (key) => void rows.delete(key.toString("hex")),
    range: () => [],
    get count() {
      return rows.size;
    },
  };
}

const small = (max: number) => fc.integer({ min: 0, max });
const steps = fc.array(
  fc.record({
    bytes: small(4),
    bounds: fc.record({ maxCount: small(6), maxBytes: small(12), maxAgeMs: small(6) }),
    passMs: small(3),
    /** From the newest back; beyond the oldest: nothing has to stay. */
    keepBack: small(12),
  }),
  { maxLength: 40 },
);

test("a stored log trims what the one in memory trims, whatever its bounds and what has to stay", () => {
  fc.assert(
    fc.property(steps, (given) => {
      const table = mapTable();
      const model = new ChannelLog();
      let row: LogRow = { top: 0, first: 1, kept: 1, total: 0, bounds: noHistory };
      let nowMs = 0;
      for (const { bytes, bounds, passMs, keepBack } of given) {
        nowMs += passMs;
        const stored = new StoredLog(table, 1, row);
        const entry = { offset: model.top + 1, id: `id${model.top}`, timeMs: 1, data: bytes };
        for (const log of [model, stored]) {
          log.append(entry, bytes, bounds, nowMs);
          log.trim(
            nowMs,
            keepBack > 10 ? Number.POSITIVE_INFINITY : Math.max(1, log.top - keepBack),
          );
        }
        stored.clear(2);
        row = stored.row;
        const facts = (log: ChannelLog | StoredLog) => {
          const { top, topId, first, count } = log;
          return { top, topId, first, count, bytes: log.bytes, oldest: log.at(first) };
        };
        expect(facts(new StoredLog(table, 1, row))).toEqual(facts(model));
        expect(table.rows.size).toBe(row.top - row.kept + 1);
      }
    }),
    { numRuns: 2_000 },
  );
});

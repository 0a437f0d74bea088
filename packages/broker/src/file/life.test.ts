import { describe, expect, test } from "vitest";
import { type Circumstances, discontinuityOf, newFact, nextFact } from "./life.js";
import type { Sync } from "./lmdb-store.js";
import type { StoreFact } from "./store-facts.js";

const here: Circumstances = {
  bootId: "boot-1",
  fileId: "12.34",
  isFileIdLasting: true,
  witness: { id: "store-1", opened: 1 },
};

const made = (sync: Sync = "disk"): StoreFact =>
  newFact({ id: "store-1", partitions: 256, sync }, { ...here, witness: undefined });

describe("the life of a store", () => {
  test("goes on where it was left, whether or not it was closed", () => {
    expect(discontinuityOf(made(), here)).toBeUndefined();
    expect(discontinuityOf({ ...made(), isClosed: true }, here)).toBeUndefined();
    expect(discontinuityOf(made(), { ...here, bootId: "boot-2" })).toBeUndefined();
  });

  test("ends when the file is another one, or the witness is not this store's", () => {
    expect(discontinuityOf(made(), { ...here, fileId: "12.35" })).toBe("copied");
    expect(discontinuityOf(made(), { ...here, witness: undefined })).toBe("copied");
    const other = { id: "store-2", opened: 1 };
    expect(discontinuityOf(made(), { ...here, witness: other })).toBe("copied");
  });

  test("ends when the store is behind its witness, and not when it is ahead", () => {
    const witness = { id: "store-1", opened: 3 };
    expect(discontinuityOf({ ...made(), opened: 2 }, { ...here, witness })).toBe("older");
    // Killed after the store was written and before the witness was.
    expect(discontinuityOf({ ...made(), opened: 4 }, { ...here, witness })).toBeUndefined();
  });

  test("without a flush per transaction, ends with an unclean stop under another boot", () => {
    const rebooted = { ...here, bootId: "boot-2" };
    expect(discontinuityOf(made("system"), here)).toBeUndefined();
    expect(discontinuityOf(made("system"), rebooted)).toBe("machine-crashed");
    expect(discontinuityOf({ ...made("system"), isClosed: true }, rebooted)).toBeUndefined();
    const unnamed = { ...here, bootId: undefined };
    const fact = newFact({ id: "store-1", partitions: 256, sync: "system" }, unnamed);
    expect(discontinuityOf(fact, unnamed)).toBe("machine-crashed");
  });

  test("relies on a file's name only where that has been seen to last", () => {
    const passing = { ...here, isFileIdLasting: false };
    const fact = newFact({ id: "store-1", partitions: 256, sync: "disk" }, passing);
    expect(discontinuityOf(fact, { ...here, fileId: "other" })).toBeUndefined();
  });

  test("counts on from whichever of store and witness is further", () => {
    const witness = { id: "store-1", opened: 7 };
    const next = nextFact({ ...made(), opened: 2 }, { ...here, witness }, "older");
    expect(next).toMatchObject({ opened: 8, generation: 2, isClosed: false });
    expect(nextFact(made(), here, undefined)).toMatchObject({ opened: 2, generation: 1 });
  });
});

import { isFailure } from "@holdfast/broker";
import { recordingLogger } from "@holdfast/core/testing";
import { describe, expect, test } from "vitest";
import { CommitError, type Store } from "./store.js";
import { Writer } from "./writer.js";

/** A store of one list: what a transaction appended is there when it is told to end well. */
class ListStore implements Pick<Store, "transaction"> {
  readonly kept: string[] = [];
  readonly commits: { readonly size: number; end(error?: Error): void }[] = [];
  #pending: string[] = [];

  add(text: string): string {
    this.#pending.push(text);
    return text;
  }

  async transaction<T>(write: () => T): Promise<T> {
    this.#pending = [];
    const value = write();
    const pending = this.#pending;
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error) => (error === undefined ? resolve() : reject(error));
      this.commits.push({ size: pending.length, end });
    });
    this.kept.push(...pending);
    return value;
  }
}

function setUp(maxBatchCount = 100, maxWaiting = 100) {
  const list = new ListStore();
  const logger = recordingLogger();
  const store = list as ListStore & Pick<Store, "tables" | "usedBytes" | "close">;
  const writer = new Writer({ store, logger, maxBatchCount, maxWaiting, begin() {}, end() {} });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  /** Ends the transaction that is on its way. */
  const end = async (error?: Error) => {
    list.commits.at(-1)?.end(error);
    await turn();
  };
  return { list, logger, writer, end };
}

describe("the writer", () => {
  test("shares one transaction among all that came while the last was on its way", async () => {
    const { list, writer, end } = setUp();
    const outcomes = ["a", "b", "c", "d"].map((text) => writer.submit(() => list.add(text)));
    expect(list.commits.map(({ size }) => size)).toEqual([1]);
    await end();
    expect(list.commits.map(({ size }) => size)).toEqual([1, 3]);
    await end();
    expect(await Promise.all(outcomes)).toEqual(["a", "b", "c", "d"]);
    expect(list.kept).toEqual(["a", "b", "c", "d"]);
  });

  test("takes no more into one transaction than it may, and refuses what may not wait", async () => {
    const { list, writer, end } = setUp(2, 3);
    const outcomes = ["a", "b", "c", "d", "e"].map((text) => writer.submit(() => list.add(text)));
    await end();
    expect(list.commits.map(({ size }) => size)).toEqual([1, 2]);
    await end();
    await end();
    const settled = await Promise.all(outcomes);
    expect(settled.map((outcome) => (isFailure(outcome) ? outcome.code : outcome))).toEqual([
      "a",
      "b",
      "c",
      "d",
      "busy",
    ]);
  });

  test("tells of a transaction while the next one is on its way, and not before that one is written", async () => {
    const { list, writer, end } = setUp();
    const told: string[] = [];
    const submit = (text: string) =>
      writer.submit(
        () => {
          told.push(`written ${text}`);
          return list.add(text);
        },
        (value) => told.push(`told ${value}`),
      );
    const outcomes = ["a", "b"].map(submit);
    await end();
    expect(told).toEqual(["written a", "written b", "told a"]);
    await end();
    await Promise.all(outcomes);
    expect(told).toEqual(["written a", "written b", "told a", "told b"]);
  });

  test("shares many out between two transactions, so that one half is prepared while the other is on its way", async () => {
    const { list, writer, end } = setUp(1_000, 1_000);
    const outcomes = Array.from({ length: 301 }, (_, n) => writer.submit(() => list.add(`${n}`)));
    for (let commits = 0; commits < 3; commits += 1) await end();
    await Promise.all(outcomes);
    expect(list.commits.map(({ size }) => size)).toEqual([1, 151, 149]);
  });

  test("tells what is kept before anybody is answered, in order, and nothing before it is kept", async () => {
    const { list, writer, end } = setUp();
    const told: string[] = [];
    const outcomes = ["a", "b"].map((text) =>
      writer
        .submit(
          () => list.add(text),
          (value) => {
            told.push(`after ${value}`);
            return `as ${value}`;
          },
        )
        .then((value) => told.push(`answered ${value}`)),
    );
    expect(told).toEqual([]);
    await end();
    await end();
    await Promise.all(outcomes);
    expect(told).toEqual(["after a", "answered as a", "after b", "answered as b"]);
  });

  test("refuses as retryable what the disk did not take, says so once, and goes on when it does", async () => {
    const { list, writer, end, logger } = setUp();
    const working: boolean[] = [];
    writer.onWorking = (now) => working.push(now);
    const told: string[] = [];
    const failed = writer.submit(
      () => list.add("a"),
      (value) => told.push(value),
    );
    await end(new CommitError("No space left on device"));
    expect(await failed).toMatchObject({ code: "unavailable", retryable: true, unknown: true });
    expect([told, working, writer.working]).toEqual([[], [false], false]);
    expect(logger.of("store not written")).toHaveLength(1);
    const next = writer.submit(() => list.add("b"));
    await end();
    expect([await next, working, list.kept]).toEqual(["b", [false, true], ["b"]]);
  });

  test("keeps one operation's mistake from the others of its transaction", async () => {
    const { list, writer, end } = setUp();
    const first = writer.submit(() => list.add("first"));
    const outcomes = [
      writer.submit(() => list.add("a")),
      writer.submit(() => {
        throw new Error("a bug");
      }),
      writer.submit(() => list.add("b")),
    ];
    for (let commits = 0; commits < 3; commits += 1) await end();
    await first;
    const settled = await Promise.all(outcomes);
    expect(settled.map((outcome) => (isFailure(outcome) ? outcome.code : outcome))).toEqual([
      "a",
      "internal",
      "b",
    ]);
    expect(list.kept).toEqual(["first", "a", "b"]);
  });

  test("closed, writes what waits; abandoned, does not", async () => {
    for (const ending of ["close", "abandon"] as const) {
      const { list, writer, end } = setUp();
      const outcomes = ["a", "b"].map((text) => writer.submit(() => list.add(text)));
      const ended = writer[ending]();
      await end();
      await end();
      await ended;
      const settled = await Promise.all(outcomes);
      expect(settled.map((outcome) => (isFailure(outcome) ? outcome.code : outcome))).toEqual(
        ending === "close" ? ["a", "b"] : ["a", "unavailable"],
      );
      expect(await writer.submit(() => "late")).toMatchObject({ code: "closed" });
    }
  });
});

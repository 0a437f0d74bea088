import assert from "node:assert/strict";
import type { LogAppended, LogPage } from "../../contract/logs.js";
import { isFailure, type Maybe } from "../../contract.js";
import { type BrokerCheck, check, offsets, refusal, type Station, value } from "../bench.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (given: Uint8Array) => new TextDecoder().decode(given);

function append(
  { link }: Station,
  log: string,
  fencingToken: number,
  expectedSequence: number,
  ...entries: string[]
): Maybe<LogAppended> {
  return link.append({ log, fencingToken, expectedSequence, entries: entries.map(bytes) });
}

async function readLog(
  { link }: Station,
  log: string,
  after = 0,
  maxCount = 1_000,
  maxBytes = 1_000_000,
): Promise<LogPage> {
  return value(await link.readLog({ log, after, maxCount, maxBytes }));
}

const texts = (page: LogPage) => page.entries.map((entry) => text(entry.bytes));
const sequences = (page: LogPage) => page.entries.map((entry) => entry.sequence);

/** The code of a refusal. */
const code = async (result: unknown) => refusal(await result).code;

function store(station: Station, log: string, token: number, sequence: number, trimThrough = 0) {
  const snapshot = { sequence, bytes: bytes(`state ${sequence}`) };
  return station.link.storeLogSnapshot({ log, fencingToken: token, snapshot, trimThrough });
}

export const logChecks: readonly BrokerCheck[] = [
  check("gives a log's entries the sequences 1, 2, 3 … and gives them back", async (bench) => {
    const station = await bench.station();
    assert.deepEqual(await append(station, "room/1", 7, 0, "a", "b"), { ok: true, sequence: 2 });
    assert.deepEqual(await append(station, "room/1", 7, 2, "c"), { ok: true, sequence: 3 });
    const other = await bench.station("g2");
    const page = await readLog(other, "room/1");
    assert.deepEqual([page.top, page.first, page.fencingToken], [3, 1, 7]);
    assert.deepEqual([sequences(page), texts(page)], [offsets(1, 3), ["a", "b", "c"]]);
    assert.deepEqual(
      page.entries.map((entry) => entry.fencingToken),
      [7, 7, 7],
    );
    assert.deepEqual(await readLog(other, "room/2"), {
      top: 0,
      first: 1,
      fencingToken: 0,
      entries: [],
    });
  }),

  check("appends only after the sequence expected, all entries or none", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 1, 0, "a"));
    for (const expected of [0, 2, 99]) {
      assert.equal(await code(append(station, "log", 1, expected, "x", "y")), "sequence_mismatch");
    }
    assert.deepEqual(texts(await readLog(station, "log")), ["a"]);
  }),

  check("lets exactly one of many appends after the same sequence through", async (bench) => {
    const stations = [await bench.station("g1"), await bench.station("g2")];
    const outcomes = await Promise.all(
      offsets(1, 10).flatMap((n) =>
        stations.map((station) => append(station, "log", 5, 0, `${n}`, `${n}`)),
      ),
    );
    assert.equal(outcomes.filter((outcome) => !isFailure(outcome)).length, 1);
    const [one, two] = texts(await readLog(stations[0] ?? assert.fail(), "log"));
    assert.equal(one, two);
  }),

  check("refuses a lower token than the log has seen, whatever it expects", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 5, 0, "a"));
    value(await append(station, "log", 8, 1, "b"));
    assert.equal(await code(append(station, "log", 7, 2, "x")), "fenced");
    assert.equal(await code(append(station, "log", 7, 1, "x")), "fenced");
    assert.equal(await code(store(station, "log", 7, 2)), "fenced");
    assert.equal(await code(station.link.deleteLog({ log: "log", fencingToken: 7 })), "fenced");
    assert.deepEqual(texts(await readLog(station, "log")), ["a", "b"]);
    assert.equal(value(await station.link.loadLogSnapshot("log")), null);
  }),

  check("shuts older owners out with an append without entries", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 1, 0, "a"));
    assert.deepEqual(await append(station, "log", 2, 1), { ok: true, sequence: 1 });
    assert.equal(await code(append(station, "log", 1, 1, "x")), "fenced");
    const page = await readLog(station, "log");
    assert.deepEqual([texts(page), page.fencingToken], [["a"], 2]);
    value(await append(station, "new", 4, 0));
    assert.equal(await code(append(station, "new", 3, 0, "x")), "fenced");
  }),

  check("does not let a refused append raise the token", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 1, 0, "a"));
    assert.equal(await code(append(station, "log", 9, 5, "x")), "sequence_mismatch");
    value(await append(station, "log", 1, 1, "b"));
    assert.equal((await readLog(station, "log")).fencingToken, 1);
  }),

  check("pages by count and bytes, and always gives at least one entry", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 1, 0, ...offsets(1, 10).map((n) => `${n}`.padEnd(100))));
    assert.deepEqual(sequences(await readLog(station, "log", 3, 4)), offsets(4, 7));
    assert.deepEqual(sequences(await readLog(station, "log", 0, 100, 250)), [1, 2]);
    assert.deepEqual(sequences(await readLog(station, "log", 9, 100, 1)), [10]);
    assert.deepEqual(sequences(await readLog(station, "log", 10)), []);
  }),

  check(
    "keeps logs apart whatever their names, and refuses names out of grammar",
    async (bench) => {
      const station = await bench.station();
      const names = [
        "a",
        "A",
        "a/b",
        "a.b",
        "a:b",
        "a_b",
        "a-b",
        "a~b",
        "a@b",
        "ab",
        "a//b",
        "a:meta",
      ];
      for (const name of names) value(await append(station, name, 1, 0, name));
      for (const name of names) assert.deepEqual(texts(await readLog(station, name)), [name]);
      for (const name of ["", "a b", "a*", "a>", "a\n", "ä", "x".repeat(201)]) {
        assert.equal(await code(append(station, name, 1, 0, "x")), "invalid_field");
      }
    },
  ),

  check("is not touched by what a caller does to its bytes afterwards", async (bench) => {
    const station = await bench.station();
    const [entry, state] = [bytes("abc"), bytes("abc")];
    value(
      await station.link.append({
        log: "log",
        fencingToken: 1,
        expectedSequence: 0,
        entries: [entry],
      }),
    );
    const snapshot = { sequence: 1, bytes: state };
    const request = { log: "log", fencingToken: 1, snapshot, trimThrough: 0 };
    value(await station.link.storeLogSnapshot(request));
    entry.fill(0);
    state.fill(0);
    assert.deepEqual(texts(await readLog(station, "log")), ["abc"]);
    const stored = value(await station.link.loadLogSnapshot("log"));
    assert.equal(text(stored?.bytes ?? assert.fail()), "abc");
  }),
];

export const logSnapshotChecks: readonly BrokerCheck[] = [
  check("gives a log's newest snapshot back and drops the entries it is told to", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 1, 0, "a", "b", "c", "d"));
    assert.equal(value(await station.link.loadLogSnapshot("log")), null);
    value(await store(station, "log", 1, 2));
    assert.deepEqual(sequences(await readLog(station, "log")), offsets(1, 4));
    value(await store(station, "log", 1, 3, 2));
    const stored = value(await station.link.loadLogSnapshot("log"));
    assert.deepEqual([stored?.sequence, text(stored?.bytes ?? bytes(""))], [3, "state 3"]);
    const page = await readLog(station, "log");
    assert.deepEqual([page.top, page.first, sequences(page)], [4, 3, [3, 4]]);
    assert.deepEqual(await append(station, "log", 1, 4, "e"), { ok: true, sequence: 5 });
    value(await store(station, "log", 1, 5, 5));
    const empty = await readLog(station, "log");
    assert.deepEqual([empty.top, empty.first, empty.entries], [5, 6, []]);
  }),

  check("takes a snapshot only beyond the stored one and up to the newest entry", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 1, 0, "a", "b", "c"));
    value(await store(station, "log", 1, 2));
    for (const sequence of [1, 2, 4]) {
      assert.equal(await code(store(station, "log", 1, sequence)), "sequence_mismatch");
    }
    assert.equal(await code(store(station, "log", 1, 3, 4)), "invalid_field");
    assert.equal(value(await station.link.loadLogSnapshot("log"))?.sequence, 2);
    assert.deepEqual(sequences(await readLog(station, "log")), offsets(1, 3));
  }),

  check("shuts older owners out with a snapshot too", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 1, 0, "a"));
    value(await store(station, "log", 2, 1));
    assert.equal(await code(append(station, "log", 1, 1, "x")), "fenced");
  }),

  check("deletes a log whole, and remembers its token against older owners", async (bench) => {
    const station = await bench.station();
    value(await append(station, "log", 5, 0, "a"));
    value(await store(station, "log", 5, 1));
    value(await station.link.deleteLog({ log: "log", fencingToken: 6 }));
    const page = await readLog(station, "log");
    assert.deepEqual([page.top, page.first, page.entries], [0, 1, []]);
    assert.equal(value(await station.link.loadLogSnapshot("log")), null);
    assert.equal(await code(append(station, "log", 5, 0, "x")), "fenced");
    value(await append(station, "log", 7, 0, "b"));
    assert.deepEqual(texts(await readLog(station, "log")), ["b"]);
  }),

  check(
    "keeps logs with their tokens and snapshots over a restart that keeps its data",
    async (bench) => {
      const station = await bench.station();
      value(await append(station, "log", 5, 0, "a", "b"));
      value(await store(station, "log", 5, 1, 1));
      value(await append(station, "gone", 5, 0, "x"));
      value(await station.link.deleteLog({ log: "gone", fencingToken: 5 }));
      await bench.faults.restart();
      const { durability } = bench.harness.broker.capabilities;
      if (durability === "none" || durability === "as configured") return;
      const page = await readLog(station, "log");
      assert.deepEqual([page.top, page.first, page.fencingToken], [2, 2, 5]);
      assert.deepEqual(texts(page), ["b"]);
      assert.equal(value(await station.link.loadLogSnapshot("log"))?.sequence, 1);
      assert.equal(await code(append(station, "log", 4, 2, "x")), "fenced");
      assert.equal(await code(append(station, "gone", 4, 0, "x")), "fenced");
    },
    ["restart"],
  ),
];

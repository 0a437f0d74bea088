import assert from "node:assert/strict";
import {
  type BrokerCheck,
  check,
  offsets,
  offsetsOf,
  publish,
  published,
  publishMany,
  read,
  refusal,
} from "../bench.js";

const key = (value: string, scope = "ann") => ({ key: { scope, value } });
const session = (seq: number, id = "s1") => ({ session: { id, seq } });
const of = (generation: number, seq: number) => ({ session: { id: "s1", seq, generation } });

/** Publish keys: a repeat is recognised. */
export const keyChecks: readonly BrokerCheck[] = [
  check("answers a repeated key with the first outcome and appends nothing", async (bench) => {
    const station = await bench.station();
    await station.link.follow("a:b", { presence: false });
    const first = await published(station, "a:b", { x: 1, y: 2 }, key("k"));
    await published(station, "a:b", "between");
    const again = await published(station, "a:b", { y: 2, x: 1 }, key("k"));
    assert.deepEqual([first.duplicate, again], [false, { ...first, duplicate: true }]);
    await bench.settle();
    assert.deepEqual(offsetsOf(await read(station, "a:b")), [1, 2]);
    assert.deepEqual(station.heard.offsets("a:b"), [1, 2]);
  }),

  check("recognises a key on every link", async (bench) => {
    const first = await published(await bench.station("g1"), "a:b", 1, key("k"));
    const again = await published(await bench.station("g2"), "a:b", 1, key("k"));
    assert.deepEqual(again, { ...first, duplicate: true });
  }),

  check("refuses a key with another payload as `conflict`", async (bench) => {
    const station = await bench.station();
    await published(station, "a:b", 1, key("k"));
    const { code } = refusal(await publish(station, "a:b", 2, key("k")));
    assert.equal(code, "conflict");
    const { link } = station;
    const { history } = { history: { maxCount: 9, maxBytes: 9_999, maxAgeMs: 9_999 } };
    const bytes = Uint8Array.of(49);
    const other = await link.publish({ channel: "a:b", bytes, timeMs: 1, history, ...key("k") });
    assert.equal(refusal(other).code, "conflict");
    assert.deepEqual(offsetsOf(await read(station, "a:b")), [1]);
  }),

  check("keeps keys of other users and channels apart", async (bench) => {
    const station = await bench.station();
    await published(station, "a:b", 1, key("bc", "a"));
    for (const other of [key("c", "ab"), key("bc", "b"), key("abc", ""), key("b", "a")]) {
      assert.equal((await published(station, "a:b", 1, other)).duplicate, false);
    }
    assert.equal((await published(station, "a:c", 1, key("bc", "a"))).duplicate, false);
  }),

  check("appends once when the same key comes many times at once", async (bench) => {
    const stations = [await bench.station("g1"), await bench.station("g2")];
    const outcomes = await Promise.all(
      stations.flatMap((station) =>
        offsets(1, 5).map(() => published(station, "a:b", "x", key("k"))),
      ),
    );
    assert.deepEqual(new Set(outcomes.map((outcome) => outcome.offset)), new Set([1]));
    assert.equal(outcomes.filter((outcome) => !outcome.duplicate).length, 1);
  }),

  check(
    "answers the repeat of a publish with `expectedOffset` instead of refusing it",
    async (bench) => {
      const station = await bench.station();
      const more = { ...key("k"), expectedOffset: 0 };
      const first = await published(station, "a:b", 1, more);
      assert.deepEqual(await published(station, "a:b", 1, more), { ...first, duplicate: true });
    },
  ),

  check("does not remember a key whose publish was refused", async (bench) => {
    const station = await bench.station();
    refusal(await publish(station, "a:b", 1, { ...key("k"), expectedOffset: 7 }));
    assert.equal((await published(station, "a:b", 2, key("k"))).offset, 1);
  }),

  check("remembers a key longer than the entry it stands for", async (bench) => {
    const station = await bench.station();
    const history = { maxCount: 1, maxBytes: 1_000, maxAgeMs: 60_000 };
    const first = await published(station, "a:b", "x", { ...key("k"), history });
    await publishMany(station, "a:b", 3, { history });
    const again = await published(station, "a:b", "x", { ...key("k"), history });
    assert.deepEqual(again, { ...first, duplicate: true });
  }),

  check(
    "remembers a key for the declared window and not much longer",
    async (bench) => {
      const station = await bench.station();
      const { keyWindowMs } = bench.harness.broker.capabilities;
      await published(station, "a:b", 1, key("k"));
      await bench.advance(keyWindowMs * 0.9);
      assert.equal((await published(station, "a:b", 1, key("k"))).duplicate, true);
      await bench.advance(keyWindowMs * 0.9);
      const late = await published(station, "a:b", 1, key("k"));
      assert.deepEqual([late.duplicate, late.offset], [false, 2]);
    },
    ["clock"],
  ),
];

/** Publisher sessions: order holds through retries. */
export const sessionChecks: readonly BrokerCheck[] = [
  check(
    "appends a session's publishes in the order of their seq and answers repeats",
    async (bench) => {
      const station = await bench.station();
      const first = await published(station, "a:b", "one", session(1));
      const second = await published(station, "a:b", "two", session(2));
      assert.deepEqual(await published(station, "a:b", "one", session(1)), {
        ...first,
        duplicate: true,
      });
      assert.deepEqual(await published(station, "a:b", "two", session(2)), {
        ...second,
        duplicate: true,
      });
      assert.equal((await published(station, "a:b", "three", session(3))).offset, 3);
      assert.deepEqual(offsetsOf(await read(station, "a:b")), [1, 2, 3]);
    },
  ),

  check("refuses a seq that is not the next and appends nothing", async (bench) => {
    const station = await bench.station();
    await published(station, "a:b", 1, session(1));
    for (const seq of [3, 4, 1_000]) {
      assert.equal(refusal(await publish(station, "a:b", seq, session(seq))).code, "out_of_order");
    }
    assert.equal((await published(station, "a:b", 2, session(2))).offset, 2);
    assert.deepEqual(offsetsOf(await read(station, "a:b")), [1, 2]);
  }),

  check("makes an unknown session begin at 1", async (bench) => {
    const station = await bench.station();
    assert.equal(refusal(await publish(station, "a:b", 2, session(2))).code, "out_of_order");
    assert.equal((await published(station, "a:b", 1, session(1))).offset, 1);
  }),

  check("counts a session's seq per channel, on whichever link it publishes", async (bench) => {
    const one = await bench.station("g1");
    const two = await bench.station("g2");
    await published(one, "a:b", 1, session(1));
    assert.equal((await published(two, "a:b", 2, session(2))).offset, 2);
    assert.equal((await published(two, "a:c", 1, session(1))).offset, 1);
    assert.equal((await published(two, "a:b", 1, session(1, "s2"))).duplicate, false);
  }),

  check("keeps the order of what is published without waiting", async (bench) => {
    const station = await bench.station();
    const seqs = offsets(1, 50);
    const sent = await Promise.all(seqs.map((n) => published(station, "a:b", n, session(n))));
    assert.deepEqual(
      sent.map((outcome) => outcome.offset),
      seqs,
    );
  }),

  check("refuses a seen seq with another payload as `conflict`", async (bench) => {
    const station = await bench.station();
    await published(station, "a:b", 1, session(1));
    assert.equal(refusal(await publish(station, "a:b", 2, session(1))).code, "conflict");
  }),

  check("does not count a refused publish in its session's order", async (bench) => {
    const station = await bench.station();
    refusal(await publish(station, "a:b", 1, { ...session(1), expectedOffset: 7 }));
    assert.equal((await published(station, "a:b", 2, session(1))).offset, 1);
  }),

  check(
    "counts a known key's repeat in the order of the new session it comes in",
    async (bench) => {
      const station = await bench.station();
      const first = await published(station, "a:b", "x", { ...key("k"), ...session(1, "old") });
      const again = await published(station, "a:b", "x", { ...key("k"), ...session(1, "new") });
      assert.deepEqual(again, { ...first, duplicate: true });
      assert.equal((await published(station, "a:b", "y", session(2, "new"))).offset, 2);
    },
  ),

  check(
    "ends a lower generation with the first entry of a higher one, whatever is late of it",
    async (bench) => {
      const one = await bench.station("g1");
      const two = await bench.station("g2");
      await published(one, "a:b", "first", session(1));
      assert.equal((await published(two, "a:b", "anew", of(1, 1))).offset, 2);
      for (const late of [session(1), session(2), session(3)]) {
        const { code, unknown = false } = refusal(await publish(one, "a:b", "first", late));
        assert.deepEqual([code, unknown], ["out_of_order", false]);
      }
      assert.equal((await published(one, "a:b", "next", of(1, 2))).offset, 3);
      assert.equal((await published(two, "a:b", "anew", of(1, 1))).duplicate, true);
      assert.deepEqual(offsetsOf(await read(one, "a:b")), [1, 2, 3]);
    },
  ),

  check("begins any higher generation at 1 and with nothing else", async (bench) => {
    const station = await bench.station();
    await publishMany(station, "a:b", 1, session(1));
    const codeOf = async (seq: number, generation: number) =>
      refusal(await publish(station, "a:b", seq, of(generation, seq))).code;
    assert.equal(await codeOf(2, 7), "out_of_order");
    assert.equal((await published(station, "a:b", 2, session(2))).offset, 2);
    assert.equal((await published(station, "a:b", "anew", of(7, 1))).offset, 3);
    assert.equal(await codeOf(1, 6), "out_of_order");
    assert.equal(await codeOf(3, 7), "out_of_order");
    assert.equal((await published(station, "a:b", "anew", of(9_007_199_254, 1))).offset, 4);
    assert.equal(await codeOf(2, 7), "out_of_order");
  }),

  check("does not end a generation with a publish that is refused", async (bench) => {
    const station = await bench.station();
    await published(station, "a:b", 1, session(1));
    refusal(await publish(station, "a:b", 2, { ...of(1, 1), expectedOffset: 7 }));
    assert.equal((await published(station, "a:b", 2, session(2))).offset, 2);
  }),

  check("ends a generation with a known key's repeat, and in one channel only", async (bench) => {
    const station = await bench.station();
    const first = await published(station, "a:b", "x", { ...key("k"), ...session(1) });
    await published(station, "a:c", "x", session(1));
    const again = await published(station, "a:b", "x", { ...key("k"), ...of(1, 1) });
    assert.deepEqual(again, { ...first, duplicate: true });
    assert.equal(refusal(await publish(station, "a:b", "y", session(2))).code, "out_of_order");
    assert.equal((await published(station, "a:b", "y", of(1, 2))).offset, 2);
    assert.equal((await published(station, "a:c", "y", session(2))).offset, 2);
  }),
];

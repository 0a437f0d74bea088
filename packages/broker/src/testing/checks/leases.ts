import assert from "node:assert/strict";
import type { Lease } from "../../contract/leases.js";
import { type BrokerCheck, check, offsets, refusal, type Station, value } from "../bench.js";

/** Short enough to be waited for really. */
const ttlMs = 250;

async function acquire({ link }: Station, name: string, holder: string): Promise<Lease> {
  const lease = await link.acquireLease({ name, holder, ttlMs: 60_000 });
  return lease.ok ? lease : assert.fail(`no lease: ${lease.code}`);
}

async function acquireBriefly({ link }: Station, name: string, holder: string): Promise<Lease> {
  const lease = await link.acquireLease({ name, holder, ttlMs });
  return lease.ok ? lease : assert.fail(`no lease: ${lease.code}`);
}

/** The code of a refusal. */
const code = async (result: unknown) => refusal(await result).code;

const entry = [new TextEncoder().encode("x")];

export const leaseChecks: readonly BrokerCheck[] = [
  check("gives a lease to one holder at a time, with a token and its end", async (bench) => {
    const one = await bench.station("g1");
    const two = await bench.station("g2");
    const lease = await acquire(one, "room/1", "h1");
    assert.ok(Number.isSafeInteger(lease.token) && lease.token > 0);
    assert.ok(Number.isFinite(lease.expiresAtMs));
    const held = refusal(
      await two.link.acquireLease({ name: "room/1", holder: "h2", ttlMs: 60_000 }),
    );
    assert.deepEqual([held.code, held.retryable], ["lease_held", true]);
    assert.ok((held.retryAfterMs ?? 0) > 0 && (held.retryAfterMs ?? 0) <= 60_000);
    await acquire(two, "room/2", "h2");
  }),

  check("lets exactly one of many holders have a lease", async (bench) => {
    const stations = [await bench.station("g1"), await bench.station("g2")];
    const outcomes = await Promise.all(
      offsets(1, 10).flatMap((n) =>
        stations.map((station, at) =>
          station.link.acquireLease({ name: "room", holder: `h${n}.${at}`, ttlMs: 60_000 }),
        ),
      ),
    );
    assert.equal(outcomes.filter((outcome) => outcome.ok).length, 1);
  }),

  check(
    "gives ever higher tokens for a name, across release and its holder's own repeats",
    async (bench) => {
      const station = await bench.station();
      const tokens: number[] = [];
      for (const n of offsets(1, 5)) {
        const first = await acquire(station, "room", `h${n}`);
        const again = await acquire(station, "room", `h${n}`);
        tokens.push(first.token, again.token);
        assert.equal(
          await code(station.link.releaseLease({ name: "room", token: first.token })),
          "lease_lost",
        );
        value(await station.link.releaseLease({ name: "room", token: again.token }));
      }
      for (const [at, token] of tokens.entries())
        assert.ok(at === 0 || token > (tokens[at - 1] ?? 0));
    },
  ),

  check("renews a lease for its holder and nobody else, under the same token", async (bench) => {
    const station = await bench.station();
    const { token } = await acquire(station, "room", "h1");
    const renewed = await station.link.renewLease({ name: "room", token, ttlMs: 60_000 });
    assert.ok(renewed.ok && renewed.token === token);
    for (const [name, other] of [
      ["room", token - 1],
      ["room", token + 1],
      ["other", token],
    ] as const) {
      assert.equal(
        await code(station.link.renewLease({ name, token: other, ttlMs: 60_000 })),
        "lease_lost",
      );
    }
    value(await station.link.releaseLease({ name: "room", token }));
    assert.equal(await code(station.link.renewLease({ name: "room", token, ttlMs })), "lease_lost");
  }),

  check("refuses names out of grammar and times that are none", async (bench) => {
    const { link } = await bench.station();
    const bad = [
      { name: "a b", holder: "h", ttlMs },
      { name: "", holder: "h", ttlMs },
      { name: "a", holder: "h*", ttlMs },
      { name: "a", holder: "h", ttlMs: 0 },
      { name: "a", holder: "h", ttlMs: 1e12 },
    ];
    for (const request of bad)
      assert.equal(await code(link.acquireLease(request)), "invalid_field");
  }),

  check(
    "ends a lease that is not renewed, and gives the next holder a higher token",
    async (bench) => {
      const station = await bench.station();
      const first = await acquireBriefly(station, "room", "h1");
      await bench.advance(ttlMs / 2);
      const renewed = await station.link.renewLease({ name: "room", token: first.token, ttlMs });
      assert.ok(renewed.ok && renewed.expiresAtMs > first.expiresAtMs);
      await bench.advance(ttlMs + 50);
      const late = station.link.renewLease({ name: "room", token: first.token, ttlMs });
      assert.equal(await code(late), "lease_lost");
      const next = await acquire(station, "room", "h2");
      assert.ok(next.token > first.token);
    },
    ["wait"],
  ),

  check(
    "refuses what an owner that was paused past its lease does when it wakes up",
    async (bench) => {
      const paused = await bench.station("g1");
      const next = await bench.station("g2");
      const old = await acquireBriefly(paused, "room", "h1");
      const write = (station: Station, token: number, expectedSequence: number) =>
        station.link.append({ log: "room", fencingToken: token, expectedSequence, entries: entry });
      value(await write(paused, old.token, 0));
      await bench.advance(ttlMs + 50);
      const { token } = await acquire(next, "room", "h2");
      // The new owner has not written yet: its first step shuts the old one out.
      value(
        await next.link.append({
          log: "room",
          fencingToken: token,
          expectedSequence: 1,
          entries: [],
        }),
      );
      assert.equal(await code(write(paused, old.token, 1)), "fenced");
      value(await write(next, token, 1));
      assert.equal(await code(write(paused, old.token, 2)), "fenced");
      const snapshot = { sequence: 2, bytes: entry[0] ?? assert.fail() };
      const stale = { log: "room", fencingToken: old.token, snapshot, trimThrough: 2 };
      assert.equal(await code(paused.link.storeLogSnapshot(stale)), "fenced");
      const renewal = { name: "room", token: old.token, ttlMs };
      assert.equal(await code(paused.link.renewLease(renewal)), "lease_lost");
      const page = value(
        await next.link.readLog({ log: "room", after: 0, maxCount: 10, maxBytes: 1_000 }),
      );
      assert.deepEqual(
        page.entries.map((each) => each.fencingToken),
        [old.token, token],
      );
    },
    ["wait"],
  ),

  check(
    "refuses an owner that was out of reach past its lease when it is back",
    async (bench) => {
      const cutOff = await bench.station("g1");
      const next = await bench.station("g2");
      const old = await acquireBriefly(cutOff, "room", "h1");
      await bench.faults.pause("g1");
      const write = (station: Station, token: number) =>
        station.link.append({
          log: "room",
          fencingToken: token,
          expectedSequence: 0,
          entries: entry,
        });
      assert.equal(refusal(await write(cutOff, old.token)).retryable, true);
      await bench.advance(ttlMs + 50);
      const { token } = await acquire(next, "room", "h2");
      value(await write(next, token));
      await bench.faults.resume("g1");
      await bench.settle();
      assert.equal(await code(write(cutOff, old.token)), "fenced");
    },
    ["wait", "pauseOne"],
  ),

  check(
    "gives higher tokens after a restart than before it",
    async (bench) => {
      const station = await bench.station();
      const before = await acquire(station, "room", "h1");
      await bench.advance(20);
      await bench.faults.restart();
      const after = await acquire(station, "room", "h1");
      assert.ok(after.token > before.token);
    },
    ["restart", "wait"],
  ),

  check(
    "keeps a lease over a restart that keeps its data",
    async (bench) => {
      const station = await bench.station();
      const { token } = await acquire(station, "room", "h1");
      await bench.faults.restart();
      const { durability } = bench.harness.broker.capabilities;
      if (durability === "none" || durability === "as configured") return;
      const other = station.link.acquireLease({ name: "room", holder: "h2", ttlMs });
      assert.equal(await code(other), "lease_held");
      assert.equal((await station.link.renewLease({ name: "room", token, ttlMs })).ok, true);
    },
    ["restart"],
  ),

  check(
    "gives higher tokens after losing everything than before it",
    async (bench) => {
      const station = await bench.station();
      const before = await acquire(station, "room", "h1");
      // The wall clock is what tokens go on from: let it move.
      await bench.advance(20);
      await bench.faults.wipe();
      const after = await acquire(station, "room", "h1");
      assert.ok(after.token > before.token);
    },
    ["wipe", "wait"],
  ),
];

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BrokerLink, isFailure } from "../contract.js";
import { createMemoryBroker } from "../memory/broker.js";
import { Heard } from "../testing/bench.js";
import { createFileBroker } from "./mod.js";
import { ReopeningBroker } from "./testing/reopening-broker.js";

const channels = ["a:one", "a:two"];
const bounds = [
  { maxCount: 1_000, maxBytes: 1_000_000, maxAgeMs: 600_000 },
  { maxCount: 3, maxBytes: 1_000_000, maxAgeMs: 600_000 },
  { maxCount: 1_000, maxBytes: 46, maxAgeMs: 600_000 },
  { maxCount: 1_000, maxBytes: 1_000_000, maxAgeMs: 5_000 },
  { maxCount: 0, maxBytes: 0, maxAgeMs: 0 },
] as const;

/** One step; numbers are taken by what they index. */
type Step =
  | {
      readonly do: "publish";
      readonly channel: number;
      readonly bounds: number;
      readonly pinned: boolean;
      readonly data: number;
      readonly key: number | undefined;
      readonly session: number | undefined;
      readonly seq: number;
      readonly generation: number;
      readonly expected: number | undefined;
    }
  | {
      readonly do: "read";
      readonly channel: number;
      readonly after: number;
      readonly maxCount: number;
    }
  | { readonly do: "snapshot"; readonly channel: number; readonly behind: number }
  | {
      readonly do: "append";
      readonly token: number;
      readonly expected: number;
      readonly count: number;
    }
  | {
      readonly do: "logSnapshot";
      readonly token: number;
      readonly sequence: number;
      readonly trim: number;
    }
  | { readonly do: "deleteLog"; readonly token: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "reopen"; readonly clean: boolean };

const small = (max: number) => fc.integer({ min: 0, max });
const maybe = (max: number) => fc.option(small(max), { nil: undefined });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      channel: small(1),
      bounds: small(bounds.length - 1),
      pinned: fc.boolean(),
      data: small(3),
      key: maybe(4),
      session: maybe(2),
      seq: fc.constantFrom(0, 0, 0, 0, 0, -1, -2, 1),
      generation: small(1),
      expected: fc.option(small(8), { nil: undefined, freq: 6 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      channel: small(1),
      after: small(8),
      maxCount: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("snapshot" as const),
      channel: small(1),
      behind: small(3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      token: fc.integer({ min: 1, max: 4 }),
      expected: small(6),
      count: small(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("logSnapshot" as const),
      token: fc.integer({ min: 1, max: 4 }),
      sequence: small(6),
      trim: small(6),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("deleteLog" as const),
      token: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(1_000, 6_000, 130_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const), clean: fc.boolean() }) },
);

type Publish = Extract<Step, { readonly do: "publish" }>;

/** Epochs and witnesses are each engine's own: what is compared is which of them are the same. */
class Names {
  readonly #known = new Map<string, number>();

  of(name: unknown): unknown {
    if (typeof name !== "string") return name;
    const known = this.#known.get(name) ?? this.#known.size;
    this.#known.set(name, known);
    return known;
  }
}

/** What an answer says, in terms that two engines share. */
function plain(value: unknown, names: Names): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map((item) => plain(item, names));
  if (typeof value !== "object" || value === null) return value;
  if (isFailure(value)) return { code: value.code, retryAfterMs: value.retryAfterMs };
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) =>
      ["epoch", "id", "topId", "witness", "parent"].includes(name)
        ? [name, names.of(item)]
        : [name, plain(item, names)],
    ),
  );
}

/** Where each publisher session stands: most publishes are the next one. */
class Places {
  readonly #last = new Map<string, number>();

  seqOf({ channel, session, generation, seq }: Publish): number {
    return Math.max(1, (this.#last.get(`${channel}.${session}.${generation}`) ?? 0) + 1 + seq);
  }

  note({ channel, session, generation }: Publish, seq: number): void {
    this.#last.set(`${channel}.${session}.${generation}`, seq);
  }
}

/** Carries a step out at one engine. */
async function carryOut(link: BrokerLink, given: Step, places: Places): Promise<unknown> {
  switch (given.do) {
    case "publish": {
      const { key, session, generation, expected, pinned } = given;
      const seq = places.seqOf(given);
      const history = bounds[given.bounds];
      if (history === undefined) throw new Error("no such bounds");
      return link.publish({
        channel: channels[given.channel] ?? "",
        data: { n: given.data, text: "x".repeat(given.data * 5) },
        timeMs: 1,
        history,
        pinned,
        ...(key === undefined ? {} : { key: { scope: "u", value: `k${key}` } }),
        ...(session === undefined ? {} : { session: { id: `s${session}`, seq, generation } }),
        ...(expected === undefined ? {} : { expectedOffset: expected }),
      });
    }
    case "read": {
      const channel = channels[given.channel] ?? "";
      const { after, maxCount } = given;
      const page = await link.read({ channel, after, maxCount, maxBytes: 200 });
      return [page, await link.heads([channel]), await link.loadSnapshot(channel)];
    }
    case "snapshot": {
      const channel = channels[given.channel] ?? "";
      const query = { channel, after: 0, maxCount: 1_000, maxBytes: 1_000_000 };
      const page = await link.read(query);
      if (isFailure(page)) return page;
      const entry = page.entries.at(-1 - given.behind);
      if (entry === undefined) return "nothing to snapshot";
      const position = { epoch: page.epoch, offset: entry.offset, id: entry.id };
      return link.storeSnapshot(channel, { position, state: { at: entry.offset } });
    }
    case "append": {
      const entries = Array.from({ length: given.count }, (_, at) =>
        Uint8Array.of(given.token, at),
      );
      const { token: fencingToken, expected: expectedSequence } = given;
      const log = "room/1";
      const appended = await link.append({ log, fencingToken, expectedSequence, entries });
      return [appended, await link.readLog({ log, after: 0, maxCount: 100, maxBytes: 10_000 })];
    }
    case "logSnapshot": {
      const snapshot = { sequence: given.sequence, bytes: Uint8Array.of(given.sequence) };
      const request = {
        log: "room/1",
        fencingToken: given.token,
        snapshot,
        trimThrough: given.trim,
      };
      return [await link.storeLogSnapshot(request), await link.loadLogSnapshot("room/1")];
    }
    case "deleteLog":
      return link.deleteLog({ log: "room/1", fencingToken: given.token });
    default:
      return undefined;
  }
}

test("whatever is asked of it, the file engine answers as the memory engine does, restarts or not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const folder = await mkdtemp(join(tmpdir(), "holdfast-model-"));
      const clock = new VirtualClock();
      const limits = { maxPinnedBytes: 120, maxKeysPerChannel: 3, channelIdleMs: 10_000_000 };
      const model = createMemoryBroker({ clock, random: new SeededRandom(1), ...limits });
      const random = new SeededRandom(2);
      const file = await ReopeningBroker.open(() =>
        createFileBroker({ folder, clock, random, ...limits }),
      );
      const links = [model.connect("g", new Heard()), file.connect("g", new Heard())] as const;
      const names = [new Names(), new Names()] as const;
      const places = new Places();
      try {
        for (const given of steps) {
          if (given.do === "wait") await clock.advanceAsync(given.ms);
          if (given.do === "reopen") await file.reopen(given.clean ? "closed" : "abandoned");
          const wanted = plain(await carryOut(links[0], given, places), names[0]);
          expect([given, plain(await carryOut(links[1], given, places), names[1])]).toEqual([
            given,
            wanted,
          ]);
          const isNext = given.do === "publish" && given.seq === 0 && "ok" in Object(wanted);
          if (isNext) places.note(given, places.seqOf(given));
        }
      } finally {
        model.close();
        await file.close();
        await rm(folder, { recursive: true });
      }
    }),
    { numRuns: Number(process.env.HOLDFAST_TEST_RUNS ?? 40) },
  );
}, 120_000);

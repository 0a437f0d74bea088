import { SeededRandom } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import type { Stored } from "../servers/api.js";
import { Subjects } from "../subjects.js";
import { Blobs } from "./blobs.js";
import { type Envelope, stepOf } from "./envelope.js";
import { Journal } from "./journal.js";
import type { JournalStore, JournalType } from "./type.js";

const subject = "hf.0.live.a:b.c";
const large = "x".repeat(200_000);

/** Texts, one after the other; those that no checkpoint carries lie in their messages. */
const texts: JournalType<string[], string> = {
  empty: () => [],
  apply: (state, op) => void state.push(op),
  save: (state) => [...state],
  restore: (saved) => [...(saved as string[])],
  keep: () => 0,
  begin: () => ({ ops: [] }),
  weigh: (state) => state.length,
};

/** A stream in memory. */
class MemoryStream implements JournalStore {
  readonly generation = "g1";
  messages: Stored[] = [];
  /** Called between storing a message and acknowledging it. */
  told: (message: Stored) => void = () => {};
  #seq = 0;

  async put(to: string, body: string | Uint8Array, { expected }: { expected?: number } = {}) {
    const last = await this.last(to);
    if (expected !== undefined && (last?.seq ?? 0) !== expected) return "conflict";
    this.#seq += 1;
    const message = { seq: this.#seq, subject: to, text: body.toString() };
    this.messages.push(message);
    this.told(message);
    return message.seq;
  }

  async last(of: string): Promise<Stored | undefined> {
    return this.messages.filter((message) => message.subject === of).at(-1);
  }

  async at(seq: number): Promise<Stored | undefined> {
    return this.messages.find((message) => message.seq === seq);
  }

  async range(of: string, from: number, to: number): Promise<Stored[]> {
    return this.messages.filter((one) => one.subject === of && one.seq >= from && one.seq <= to);
  }

  async purge(of: string, { before }: { before?: number } = {}): Promise<void> {
    const begins = of.replace(/\*.*/, "");
    this.messages = this.messages.filter(
      (one) => !one.subject.startsWith(begins) || one.seq >= (before ?? Number.POSITIVE_INFINITY),
    );
  }

  async renew(): Promise<void> {}
}

let count = 0;
function journalOn(store: JournalStore): Journal<string[], string> {
  count += 1;
  const random = new SeededRandom(count);
  const blobs = new Blobs(new Subjects("hf", 256, 1), random, () => 1_000);
  return new Journal(texts, {
    store,
    subject,
    random,
    blobs,
    checkpointCount: 2,
    nowMs: () => 1_000,
  });
}

function add(journal: Journal<string[], string>, text: string): Promise<string> {
  return journal.transact(() => ({ ops: [text], result: text, sure: true }));
}

test("a checkpoint too large for its message is kept where the relay was faster than the acknowledgement", async () => {
  const store = new MemoryStream();
  const journal = journalOn(store);
  store.told = (message) => {
    if (message.subject === subject) journal.heard(stepOf(message));
  };
  // The second of them is due after sixteen times two messages.
  const texts = [large, ...Array.from({ length: 40 }, (_, n) => String(n))];
  for (const text of texts) await add(journal, text);
  // Another one has to put it together from what the store has.
  expect(await journalOn(store).fresh()).toEqual(texts);
});

test("a checkpoint follows the last one after twice as much as that takes, or sixteen times as many messages", async () => {
  const store = new MemoryStream();
  const carry: number[] = [];
  let written = 0;
  store.told = (message) => {
    if (message.subject !== subject) return;
    if (stepOf(message).envelope.s !== undefined) carry.push(written);
    written += 1;
  };
  const journal = journalOn(store);
  for (let n = 0; n < 20; n += 1) await add(journal, "x".repeat(1_000));
  // Each is for as many thousands of bytes as there are texts before it.
  expect(carry).toEqual([0, 3, 10]);
  for (let n = 0; n < 60; n += 1) await add(journal, "");
  expect(carry).toEqual([0, 3, 10, 43, 76]);
});

test("a late message from before a loss changes nothing, for who knows the subject and for who reads it anew", async () => {
  const store = new MemoryStream();
  const knowing = journalOn(store);
  for (const text of ["1", "2"]) await add(knowing, text);
  const last = await store.last(subject);
  const { seq = 0, text = "" } = last ?? {};
  const { envelope } = stepOf({ seq, subject, text });
  // Decided on a message that was lost; it stands on a checkpoint that is lost as well.
  const late: Envelope = { ...envelope, g: "g0", i: "late", p: "lost", l: seq, b: seq, k: seq };
  const { s: _, ...without } = late;
  await store.put(subject, JSON.stringify({ ...without, o: ["late"] }));

  const anew = journalOn(store);
  expect(await anew.fresh()).toEqual(["1", "2"]);
  await add(knowing, "3");
  expect(await anew.fresh()).toEqual(["1", "2", "3"]);
  await add(anew, "4");
  expect(await knowing.fresh()).toEqual(["1", "2", "3", "4"]);
});

test("what cannot be put together any more begins anew, for everybody who reads it then", async () => {
  const store = new MemoryStream();
  for (const text of ["1", "2"]) await add(journalOn(store), text);
  const last = await store.last(subject);
  store.messages = store.messages.filter(({ seq }) => seq === last?.seq);
  const [one, two] = [journalOn(store), journalOn(store)];
  expect(await one.fresh()).toEqual([]);
  await add(two, "again");
  expect(await one.fresh()).toEqual(["again"]);
});

test("a subject that ended leaves nothing behind, and begins anew for everybody alike", async () => {
  const store = new MemoryStream();
  const [one, two] = [journalOn(store), journalOn(store)];
  for (const text of [large, "2", "3"]) await add(one, text);
  expect(await two.fresh()).toEqual([large, "2", "3"]);
  expect(await one.end((state) => state.length > 3)).toBe(false);
  expect(await one.end((state) => state.length === 3)).toBe(true);
  expect(store.messages).toEqual([]);
  await add(two, "anew");
  await add(one, "on");
  for (const journal of [one, two, journalOn(store)]) {
    expect(await journal.fresh()).toEqual(["anew", "on"]);
  }
});

test("what is stored between the end of a subject and its removal stays, for everybody alike", async () => {
  const store = new MemoryStream();
  const [one, two] = [journalOn(store), journalOn(store)];
  for (const text of ["1", "2", "3"]) await add(one, text);
  await two.fresh();
  let meanwhile: Promise<unknown> | undefined;
  store.told = (message) => {
    if (stepOf(message).envelope.e === 1) meanwhile = add(two, "meanwhile");
  };
  const purge = store.purge.bind(store);
  store.purge = async (...which) => {
    await meanwhile;
    await purge(...which);
  };
  expect(await one.end(() => true)).toBe(true);
  await meanwhile;
  await add(one, "on");
  for (const journal of [one, two, journalOn(store)]) {
    expect(await journal.fresh()).toEqual(["meanwhile", "on"]);
  }
});

test("a subject does not end that was written to since it was judged", async () => {
  const store = new MemoryStream();
  const [one, two] = [journalOn(store), journalOn(store)];
  await add(one, "1");
  const put = store.put.bind(store);
  store.put = async (to, body, options) => {
    store.put = put;
    await add(two, "2");
    return await put(to, body, options);
  };
  expect(await one.end(() => true)).toBe(false);
  expect(await one.fresh()).toEqual(["1", "2"]);
});

/** Ids of what is stored outside of the journal. */
function idsIn(store: MemoryStream): string[] {
  const parts = store.messages.filter(({ subject: of }) => of !== subject);
  return [...new Set(parts.map(({ subject: of }) => of.split(".")[3] ?? ""))];
}

test("what a checkpoint names stays, and what nothing names cannot be named any more once that was said", async () => {
  const store = new MemoryStream();
  const journal = journalOn(store);
  for (const text of [large, "2", "3"]) await add(journal, text);
  const [named = ""] = idsIn(store);
  expect(await journalOn(store).disown(named)).toBe(false);

  const late = journalOn(store);
  await late.fresh();
  const put = store.put.bind(store);
  const rounds: number[] = [];
  store.put = async (to, body, options) => {
    store.put = put;
    expect(await journal.disown("another")).toBe(true);
    return await put(to, body, options);
  };
  await late.transact(({ length }) => {
    rounds.push(length);
    return { ops: ["4"], result: undefined, sure: true };
  });
  expect(rounds).toEqual([3, 3]);
  expect(await journal.fresh()).toEqual([large, "2", "3", "4"]);
});

test("a checkpoint that came too late leaves nothing behind", async () => {
  const store = new MemoryStream();
  const [one, two] = [journalOn(store), journalOn(store)];
  for (const text of [large, "2"]) await add(one, text);
  await two.fresh();
  const put = store.put.bind(store);
  store.put = async (to, body, options) => {
    if (to === subject) {
      store.put = put;
      await add(two, "3");
    }
    return await put(to, body, options);
  };
  await add(one, "4");
  expect(await two.fresh()).toEqual([large, "2", "3", "4"]);
  expect(idsIn(store)).toHaveLength(1);
});

import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { Msg } from "@nats-io/transport-node";
import { expect, it } from "vitest";
import { resolveLimits } from "../limits.js";
import { Subjects } from "../subjects.js";
import type { Connection } from "./connection.js";
import { StreamStore } from "./store.js";
import { streamConfig } from "./stream_config.js";

/** A stream on servers that a test plays: how long its leader says it is, and the record it keeps. */
async function scene(cluster?: string) {
  const clock = new VirtualClock();
  const subjects = new Subjects("hf", 256, 4);
  const config = streamConfig(subjects, 0, subjects.streamName(0), cluster === undefined ? 1 : 3);
  const leader = { lastSeq: 7, looks: 0 };
  let record = "";
  const answers: readonly (readonly [string, (body: string) => unknown])[] = [
    [
      "$JS.API.STREAM.INFO.",
      () => {
        leader.looks += 1;
        return { created: "then", config, state: { first_seq: 1, last_seq: leader.lastSeq } };
      },
    ],
    [
      "$JS.API.STREAM.MSG.GET.",
      () =>
        record === ""
          ? { error: { code: 404, err_code: 10_037 } }
          : { message: { seq: 1, subject: "", data: Buffer.from(record).toString("base64") } },
    ],
    [
      subjects.generation(0),
      (body) => {
        record = body;
        return { seq: 1 };
      },
    ],
  ];
  const ask = async (subject: string, body: string | Uint8Array): Promise<Msg> => {
    const [, give] = answers.find(([start]) => subject.startsWith(start)) ?? [];
    const text = JSON.stringify(give?.(String(body)));
    return { string: () => text } as Msg;
  };
  const info = { server_id: "one", ...(cluster !== undefined && { cluster }) };
  const generations: number[] = [];
  const store = new StreamStore({
    connection: { ask, info } as Pick<Connection, "ask" | "info"> as Connection,
    subjects,
    stream: 0,
    limits: resolveLimits({}),
    clock,
    random: new SeededRandom(1),
    replicas: undefined,
    inbox: "hf.i",
    onGeneration: (stream) => generations.push(stream),
  });
  await store.renew();
  leader.looks = 0;
  return { clock, leader, store, generations };
}

it("a cluster's new leader is waited for until it has carried out what was acknowledged", async () => {
  const { clock, leader, store, generations } = await scene("three");
  leader.lastSeq = 5;
  const last = store.lastSeq();
  await clock.advanceAsync(1_000);
  leader.lastSeq = 8;
  await clock.advanceAsync(250);
  expect([await last, generations]).toEqual([8, []]);
});

it("a cluster that stays shorter than it was has lost something", async () => {
  const { clock, leader, store, generations } = await scene("three");
  const before = store.generation;
  leader.lastSeq = 5;
  const renewed = store.renew();
  await clock.advanceAsync(14_000);
  expect(generations).toEqual([]);
  await clock.advanceAsync(1_000);
  await renewed;
  expect([generations, store.generation === before]).toEqual([[0], false]);
});

it("a single server that is shorter than it was has lost something at once", async () => {
  const { leader, store, generations } = await scene();
  leader.lastSeq = 5;
  await store.renew();
  expect([leader.looks, generations]).toEqual([1, [0]]);
});

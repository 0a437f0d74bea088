import { isFailure } from "@holdfast/broker";
import { publishRequest as request } from "@holdfast/broker/testing";
import { connect } from "@nats-io/transport-node";
import { afterAll, afterEach, expect, test } from "vitest";
import { NatsServer } from "./local/nats_server.js";
import { Subjects } from "./subjects.js";
import { type Scene, scene } from "./testing/scene.js";

const patienceMs = 240_000;
const idleMs = 600_000;
const starting = NatsServer.start({ syncAlways: false });
afterAll(async () => (await starting).dispose());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function linked(prefix: string, gateway: string): Promise<Scene> {
  const { url } = await starting;
  // Time passes in leaps here: what the server answers meanwhile is not late.
  const times = `channelIdleMs=${idleMs}&sessionIdleMs=1000&keyWindowMs=1000&fenceWindowMs=${idleMs}`;
  const patience = "heartbeatTimeoutMs=600000&commandTimeoutMs=600000&presenceLeaseMs=60000";
  const made = await scene(`${url}?prefix=${prefix}&streams=2&${times}&${patience}`, {}, gateway);
  closers.push(() => made.close());
  return made;
}

/** The names under which the streams keep something of a kind. */
async function kept(prefix: string, kind: "c" | "p" | "l" | "s"): Promise<string[]> {
  const server = await starting;
  const found: string[] = [];
  for (const name of await server.streamNames(`${prefix}.>`)) {
    const info = await server.ask(`STREAM.INFO.${name}`, { subjects_filter: ">" });
    const { subjects = {} } = info.state as { subjects?: Record<string, number> };
    for (const subject of Object.keys(subjects)) {
      const tokens = subject.split(".");
      if (tokens.length === 5 && tokens[4] === kind) found.push(tokens[3]!);
    }
  }
  return found.filter((name) => name !== "holdfast/idle").sort();
}

/** Lets time pass by leaps of a second until something has come about. */
async function leapUntil(scenes: readonly Scene[], come: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  for (let leap = 0; ; leap += 1) {
    for (const { clock } of scenes) clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (leap % 100 === 99 && (await come())) return;
    if (performance.now() > untilMs) throw new Error("it did not come about");
  }
}

/** First parts of what is stored outside of its messages. */
async function firstParts(prefix: string): Promise<string[]> {
  const server = await starting;
  const found: string[] = [];
  for (const name of await server.streamNames(`${prefix}.>`)) {
    const info = await server.ask(`STREAM.INFO.${name}`, { subjects_filter: ">" });
    const { subjects = {} } = info.state as { subjects?: Record<string, number> };
    found.push(...Object.keys(subjects).filter((subject) => /\.0\.[^.]+\.[cpl]\.b$/.test(subject)));
  }
  return found.sort();
}

const brief = { history: { maxCount: 10, maxBytes: 10_000, maxAgeMs: 60_000 } };
const names = Array.from({ length: 40 }, (_, n) => `i:${n}`);

test("what nobody uses any more is forgotten, and what somebody may still want stays", {
  timeout: patienceMs,
}, async () => {
  const [one, two] = [await linked("idle", "g1"), await linked("idle", "g2")];
  const ask = async <T>(asked: Promise<T>): Promise<T> => {
    const answer = await asked;
    expect(isFailure(answer)).toBe(false);
    return answer;
  };
  for (const name of names) await ask(one.link.publish(request(name, "old", brief)));
  await ask(two.link.follow("i:followed", { presence: true }));
  await ask(one.link.publish(request("i:followed", "old", brief)));
  const long = { history: { ...brief.history, maxAgeMs: idleMs * 1_000 } };
  await ask(one.link.publish(request("i:long", "old", long)));
  const position = await ask(one.link.publish(request("i:snapshot", "old", brief)));
  if (isFailure(position)) throw new Error(position.code);
  const { epoch, offset } = position;
  await ask(one.link.storeSnapshot("i:snapshot", { position: { epoch, offset }, state: 1 }));
  await ask(one.link.enter("i:room", { id: "m" }));
  await ask(one.link.enter("i:left", { id: "m" }));
  one.link.leave("i:left", "m", { grace: false });
  const lease = await ask(one.link.acquireLease({ name: "job", holder: "h", ttlMs: 60_000 }));
  if (isFailure(lease)) throw new Error(lease.code);
  const { token: fencingToken } = lease;
  const append = { fencingToken, expectedSequence: 0, entries: [new Uint8Array([1])] };
  await ask(one.link.append({ log: "kept", ...append }));
  await ask(one.link.append({ log: "deleted", ...append }));
  await ask(one.link.deleteLog({ log: "deleted", fencingToken }));
  expect(await kept("idle", "c")).toHaveLength(names.length + 3);
  expect(await kept("idle", "l")).toEqual(["deleted", "kept"]);

  await leapUntil([one, two], async () => {
    const [channels, logs, leases] = await Promise.all([
      kept("idle", "c"),
      kept("idle", "l"),
      kept("idle", "s"),
    ]);
    return channels.length === 3 && logs.length === 1 && leases.length === 0;
  });
  expect(await kept("idle", "c")).toEqual(["i:followed", "i:long", "i:snapshot"]);
  expect(await kept("idle", "l")).toEqual(["kept"]);
  expect(await kept("idle", "p")).toContain("i:room");
  expect(await kept("idle", "p")).not.toContain("i:left");

  // Nobody who follows notices, and what was forgotten begins anew for everybody alike.
  const on = await ask(one.link.publish(request("i:followed", "on", brief)));
  expect(on).toMatchObject({ offset: 2 });
  await two.until(() => two.heard.entries.length === 2);
  const first = await ask(one.link.publish(request("i:0", "new", brief)));
  expect(first).toMatchObject({ offset: 1 });
  expect(await ask(two.link.publish(request("i:0", "newer", brief)))).toMatchObject({ offset: 2 });
  expect(await ask(one.link.heads(["i:0"]))).toEqual(await ask(two.link.heads(["i:0"])));
  const again = await ask(two.link.acquireLease({ name: "job", holder: "h", ttlMs: 60_000 }));
  expect(isFailure(again) ? 0 : again.token).toBeGreaterThan(fencingToken);
});

test("what a gateway stored and never named is let go after an hour, and what is named stays", {
  timeout: patienceMs,
}, async () => {
  const one = await linked("parts", "g1");
  const { url } = await starting;
  const subjects = new Subjects("parts", 256, 2);
  const connection = await connect({ servers: url.slice("nats://".length) });
  closers.push(() => connection.close());
  /** As a gateway does that dies before it names what it stored. */
  const leave = async (name: string, kind: "c" | "l", atMs: number) => {
    const { subject } = subjects.journal(name, kind);
    for (const part of [0, 1]) {
      const to = subjects.blob(subject, `${atMs.toString(36)}-left`, part);
      await connection.request(to, "{}");
    }
  };
  const position = await one.link.publish(request("i:kept", "1"));
  if (isFailure(position)) throw new Error(position.code);
  const { epoch, offset } = position;
  const state = { counted: 1 };
  await one.link.storeSnapshot("i:kept", { position: { epoch, offset }, state });
  const lease = await one.link.acquireLease({ name: "job", holder: "h", ttlMs: 60_000 });
  const fencingToken = isFailure(lease) ? 0 : lease.token;
  const snapshot = { sequence: 0, bytes: new Uint8Array([1, 2, 255]) };
  await one.link.storeLogSnapshot({ log: "log", fencingToken, snapshot, trimThrough: 0 });
  const named = await firstParts("parts");
  expect(named).toHaveLength(2);

  const nowMs = one.clock.wallMs();
  const hourMs = 3_600_000;
  await leave("i:kept", "c", nowMs);
  await leave("log", "l", nowMs);
  await leave("i:unknown", "c", nowMs);
  // Whoever stored it may be about to name it, all the while that this takes.
  await leave("i:kept", "c", nowMs + hourMs * 1_000);
  expect(await firstParts("parts")).toHaveLength(6);

  await leapUntil([one], async () => {
    const passedMs = one.clock.wallMs() - nowMs;
    return passedMs > hourMs + 600_000 && (await firstParts("parts")).length <= 3;
  });
  expect(await firstParts("parts")).toHaveLength(3);
  expect(await firstParts("parts")).toEqual(expect.arrayContaining(named));
  const kept = await one.link.loadSnapshot("i:kept");
  expect(kept).toMatchObject({ state });
  expect(await one.link.loadLogSnapshot("log")).toEqual(snapshot);
  // The same epoch: nothing was begun anew for it.
  expect(await one.link.publish(request("i:kept", "2"))).toMatchObject({ epoch, offset: 2 });
});

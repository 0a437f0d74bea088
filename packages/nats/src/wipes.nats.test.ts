import { isFailure } from "@holdfast/broker";
import { publishRequest as request } from "@holdfast/broker/testing";
import { afterAll, afterEach, expect, test } from "vitest";
import { NatsServer } from "./local/nats_server.js";
import { type Scene, scene } from "./testing/scene.js";

const patienceMs = 240_000;
const wipes = 10;
const channels = ["w:1", "w:2", "w:3", "w:4", "w:5", "w:6"];
const starting = NatsServer.start({ syncAlways: false });
afterAll(async () => (await starting).dispose());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function linked(gateway: string, prefix = "wiped"): Promise<Scene> {
  const { url } = await starting;
  const made = await scene(`${url}?prefix=${prefix}&checkpointCount=8`, {}, gateway);
  closers.push(() => made.close());
  return made;
}

/** Publishes to every channel and reads what is there, until told to stop. */
function busy({ link }: Scene) {
  let going = true;
  const done = (async () => {
    for (let n = 1; going; n += 1) {
      for (const channel of channels) {
        await link.publish(request(channel, n));
        await link.read({ channel, after: 0, maxCount: 100, maxBytes: 1_000_000 });
        // A refusal comes at once, and nothing else would have its turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  })();
  return () => {
    going = false;
    return done;
  };
}

/** Whether every link can publish to and read every channel. */
async function whole(scenes: readonly Scene[]): Promise<boolean> {
  for (const { link } of scenes) {
    for (const channel of channels) {
      if (isFailure(await link.publish(request(channel, "again")))) return false;
      const query = { channel, after: 0, maxCount: 10, maxBytes: 1_000_000 };
      if (isFailure(await link.read(query))) return false;
    }
  }
  return true;
}

test("streams that are removed again and again under load are made anew, and every channel goes on", {
  timeout: patienceMs,
}, async () => {
  const server = await starting;
  const scenes = await Promise.all(["g1", "g2", "g3"].map((gateway) => linked(gateway)));
  const stops = scenes.flatMap((made) => [busy(made), busy(made), busy(made)]);
  const [first] = scenes;
  for (let wipe = 1; wipe <= wipes; wipe += 1) {
    await server.removeStreams("wiped.>");
    await first!.until(() => whole(scenes));
  }
  await Promise.all(stops.map((stop) => stop()));
  for (const channel of channels) {
    const heads = await Promise.all(scenes.map(({ link }) => link.heads([channel])));
    expect(new Set(heads.map((head) => JSON.stringify(head))).size).toBe(1);
    expect(isFailure(heads[0]!)).toBe(false);
  }
});

test("a stream is found under the name that another gateway gave it", {
  timeout: patienceMs,
}, async () => {
  const server = await starting;
  const [one, two] = [await linked("g1"), await linked("g2")];
  const before = await server.streamNames("wiped.>");
  await one.link.publish(request("w:1", "before"));
  await server.removeStreams("wiped.>");
  await one.until(() => whole([one, two]));
  let after: readonly string[] = [];
  // One that nobody asked for is made by the next look at it.
  await one.until(async () => {
    after = await server.streamNames("wiped.>");
    return after.length === before.length;
  });
  // What is still being removed of the old ones cannot take the new ones along.
  for (const name of after) expect(before).not.toContain(name);
});

test("a gateway that begins while the streams are gone has them made by those who know their last names", {
  timeout: patienceMs,
}, async () => {
  const server = await starting;
  const first = await linked("g1", "begun");
  expect([...(await server.streamNames("begun.>"))].sort()).toEqual(
    [0, 1, 2, 3].map((stream) => `begun-${stream}`),
  );
  await server.removeStreams("begun.>");
  const second = await linked("g2", "begun");
  expect([...(await server.streamNames("begun.>"))].sort()).toEqual(
    [0, 1, 2, 3].map((stream) => `begun-${stream}-1`),
  );
  await first.until(() => whole([first, second]));
});

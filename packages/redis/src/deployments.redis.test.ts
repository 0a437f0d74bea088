import { createPartitionedBroker } from "@holdfast/broker";
import { DrivenClock, Heard, publishRequest } from "@holdfast/broker/testing";
import { SeededRandom } from "@holdfast/core/testing";
import { afterEach, expect, test } from "vitest";
import { createRedisBroker } from "./broker.js";
import { RedisServer } from "./local/mod.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Time passes a little at a time until something has come about. */
async function until(clock: DrivenClock, come: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 40_000;
  while (!(await come())) {
    if (performance.now() > endMs) throw new Error("it did not come about");
    clock.advance(20);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("of two servers that share the partitions one can be killed, and the other's channels go on", async () => {
  const servers = await Promise.all([RedisServer.start(), RedisServer.start()]);
  for (const server of servers) closers.push(() => server.dispose());
  const clock = new DrivenClock();
  const deployments = servers.map(({ socketPath }, index) =>
    createRedisBroker({
      url: `redis+unix://${socketPath}`,
      clock,
      random: new SeededRandom(index + 1),
      maxReconnectDelayMs: 20,
    }),
  );
  const broker = createPartitionedBroker({ deployments });
  closers.push(() => broker.close());
  const heard = new Heard();
  const link = await broker.connect("g1", heard);
  const channels = Array.from({ length: 40 }, (_, n) => `a:${n}`);
  for (const channel of channels) await link.follow(channel, { presence: false });
  const inSecond = (channel: string) => link.partitionOf(channel) >= 128;
  const stay = channels.filter((channel) => !inSecond(channel));
  const go = channels.filter(inSecond);
  expect([stay.length, go.length].every((count) => count > 5)).toBe(true);

  await servers[1]?.crash();
  await until(clock, () => heard.availability.at(-1) === false);
  for (const channel of stay)
    expect(await link.publish(publishRequest(channel, 1))).toMatchObject({ ok: true });
  for (const channel of go) {
    expect(await link.publish(publishRequest(channel, 1))).toMatchObject({
      ok: false,
      retryable: true,
    });
  }
  await until(clock, () => stay.every((channel) => heard.offsets(channel).includes(1)));

  await servers[1]?.start();
  await until(clock, () => heard.availability.at(-1) === true);
  // What is published before the subscriptions are back reaches nobody live: it is in the history.
  for (const channel of go) {
    await until(clock, async () => {
      await link.publish(publishRequest(channel, 2));
      return heard.offsets(channel).length > 0;
    });
  }
}, 60_000);

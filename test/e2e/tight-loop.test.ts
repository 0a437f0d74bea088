import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@holdfast/client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { endAfterEach, onEnd, serve } from "./kit/gateway.js";

endAfterEach();

const channel = "chat:lobby";
const count = 300;
/** All publications together are several times what may wait for a reader. */
const text = "x".repeat(20_000);
const history = { maxCount: 10, maxAgeMs: 60_000, maxBytes: 1_000_000 };
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-"));
});
afterAll(() => rm(folder, { recursive: true }));
const patience = { timeout: 60_000 };

/** A gateway with a subscriber in the same process: neither reads nor writes while the other one works. */
async function subscribed(engine = "memory") {
  const { gateway, webSocketUrl } = await serve({
    channels: { "chat:*": { history } },
    broker: engine === "file" ? `file:${folder}` : "memory:",
  });
  const client = connect(webSocketUrl);
  onEnd(() => client.close());
  const ends: unknown[] = [];
  client.on("state", ({ now, reason }) => {
    if (now === "waiting" || now === "closed") ends.push(reason);
  });
  const heard: number[] = [];
  await client.channel(channel).subscribe({
    onPublication: ({ data }) => heard.push((data as { n: number }).n),
  });
  const settled = () =>
    vi.waitFor(() => expect(ends.length > 0 || heard.length === count).toBe(true), patience);
  const publish = (n: number) => gateway.publish(channel, { n, text });
  return { publish, heard, ends, settled };
}

const all = Array.from({ length: count }, (_, n) => n);

test("a process that publishes one after the other without a pause leaves its subscribers time to read", async () => {
  const { publish, heard, ends, settled } = await subscribed();
  for (const n of all) expect(await publish(n)).toMatchObject({ ok: true });
  await settled();
  expect(heard).toEqual(all);
  expect(ends).toEqual([]);
});

test.each(["memory", "file"])(
  "what a process publishes all at once goes out in order, some at a time: %s",
  async (engine) => {
    const { publish, heard, ends, settled } = await subscribed(engine);
    const outcomes = await Promise.all(all.map(publish));
    expect(outcomes.map((each) => each.ok && "offset" in each && each.offset)).toEqual(
      all.map((n) => n + 1),
    );
    await settled();
    expect(heard).toEqual(all);
    expect(ends).toEqual([]);
  },
);

import { connect } from "@holdfast/client";
import { LinkProxy } from "@holdfast/probe/node";
import { expect, it, vi } from "vitest";
import { endAfterEach, onEnd, serve } from "./kit/gateway.js";

endAfterEach();

const channel = "chat:lobby";

it("a Node client whose line is dead without a word notices by the missing pings, and loses and repeats nothing", async () => {
  const { port, gateway } = await serve({ settings: { pingIntervalMs: 1000, pongTimeoutMs: 500 } });
  const proxy = await LinkProxy.start({ pick: () => port });
  onEnd(() => proxy.close());
  const client = connect(`ws://127.0.0.1:${proxy.port}/ws`, { backoffMinMs: 50 });
  onEnd(() => client.close());
  const reasons: (string | undefined)[] = [];
  client.on("state", ({ now, reason }) => now === "waiting" && reasons.push(reason));
  const seen: unknown[] = [];
  let resets = 0;
  await client.channel(channel).subscribe({
    onPublication: ({ data }) => void seen.push(data),
    onReset: () => {
      resets += 1;
    },
  });
  const told: number[] = [];
  for (let round = 0; round < 2; round += 1) {
    const first = round * 10;
    told.push(first, first + 1);
    await gateway.publish(channel, first);
    expect(await client.channel(channel).publish(first + 1)).toMatchObject({ ok: true });
    for (const link of proxy.links) link.halfOpen(60_000);
    // On its way into the void: whether it arrived nobody can tell, and it is published once.
    const sending = client.channel(channel).publish(first + 2);
    await gateway.publish(channel, first + 3);
    expect(await sending).toMatchObject({ ok: true });
    told.push(first + 3, first + 2);
    await vi.waitFor(() => expect(seen).toEqual(told), { timeout: 10_000 });
  }
  expect(reasons).toEqual(["silent", "silent"]);
  expect(resets).toBe(0);
});

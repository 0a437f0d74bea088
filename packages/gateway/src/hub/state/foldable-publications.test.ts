import { describe, expect, it } from "vitest";
import { CHANNEL, patch, sent, world } from "../../testing/folded-world.js";

describe("a publication", () => {
  const channelOf = async (bytes: number, mode: "merge" | "last") => {
    const { gateway, asked } = world();
    const one = await gateway("g1", { maxStateBytes: bytes });
    return { asked, publish: (data: unknown) => sent(one, `${mode}:a`, data) };
  };

  it("that would make the state too large is refused before it is appended", async () => {
    const { publish: send, asked } = await channelOf(300, "merge");
    expect(await send({ a: "x".repeat(200) })).toMatchObject({ ok: true });
    expect(await send({ b: "x".repeat(200) })).toMatchObject({
      ok: false,
      code: "limit_exceeded",
      retryable: false,
    });
    expect(asked.publish).toBe(1);
    // Replacing what is there makes it no larger, and taking away makes room.
    expect(await send({ a: "y".repeat(200) })).toMatchObject({ ok: true, offset: 2 });
    expect(await send({ a: null, b: "x".repeat(200) })).toMatchObject({ ok: true, offset: 3 });
  });

  it("that is too large to be a state is refused in mode `last`", async () => {
    const { publish: send } = await channelOf(300, "last");
    expect(await send("x".repeat(400))).toMatchObject({ ok: false, code: "limit_exceeded" });
    expect(await send("x".repeat(200))).toMatchObject({ ok: true });
    expect(await send("y".repeat(200))).toMatchObject({ ok: true });
  });

  it("of bytes is refused where the state is folded from data", async () => {
    const { gateway } = world();
    const one = await gateway("g1");
    for (const channel of ["merge:a", "last:a"]) {
      const bytes = new Uint8Array([1]);
      expect(await one.core.publish(channel, { bytes })).toMatchObject({ code: "invalid_data" });
      const whisper = await one.core.publish(channel, { bytes }, { ephemeral: true });
      expect(whisper).toMatchObject({ ok: true });
    }
  });

  it("keeps its place behind earlier ones while the state is being read", async () => {
    const { gateway, clock } = world({
      operations: (_name, operation) =>
        operation === "loadSnapshot" ? { delayMs: 50, replyDelayMs: 50 } : undefined,
    });
    const peer = await (await gateway("g1")).open();
    for (const n of [1, 2, 3]) {
      peer.send({ type: "publish", id: n, channel: CHANNEL, data: patch(n) });
    }
    await clock.advanceAsync(200);
    expect(peer.of("published").map(({ id, offset }) => [id, offset])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });
});

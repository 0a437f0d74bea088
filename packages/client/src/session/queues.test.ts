import { describe, expect, it } from "vitest";
import { Scripted, type ScriptedSocket } from "../../test/scripted.js";

const channel = "chat:lobby";

function published(socket: ScriptedSocket, index: number, offset: number): void {
  const { id } = socket.all("publish")[index]!;
  socket.push({ type: "published", id: id!, channel, offset, epoch: "e1" });
}

/** A client that is away: what it is asked for waits. */
async function away(options: ConstructorParameters<typeof Scripted>[0] = {}) {
  const t = new Scripted({ maxQueuedMessages: 3, ...options });
  await t.settle();
  return { t, lobby: t.client.channel(channel) };
}

describe("the queue of publishes", () => {
  it("refuses one more than it holds at once, and the ones it holds are sent in order", async () => {
    const { t, lobby } = await away();
    const kept = [1, 2, 3].map((number) => lobby.publish(number));
    expect(await lobby.publish(4)).toEqual({
      ok: false,
      code: "queue_full",
      message: expect.any(String),
      retryable: false,
    });
    const socket = await t.open();
    expect(socket.all("publish").map(({ data }) => data)).toEqual([1, 2, 3]);
    for (const index of [0, 1, 2]) published(socket, index, index + 1);
    expect(await Promise.all(kept)).toMatchObject([{ offset: 1 }, { offset: 2 }, { offset: 3 }]);
  });

  it("counts what is on the way until it is answered, across channels", async () => {
    const t = new Scripted({ maxQueuedMessages: 2 });
    const socket = await t.open();
    const first = t.client.channel("chat:a").publish(1);
    void t.client.channel("chat:b").publish(2);
    expect(await t.client.channel("chat:c").publish(3)).toMatchObject({ code: "queue_full" });
    published(socket, 0, 1);
    await first;
    void t.client.channel("chat:c").publish(4);
    expect(socket.all("publish").map(({ data }) => data)).toEqual([1, 2, 4]);
  });

  it("holds no more bytes than its bound, as they are on the wire, and has room again later", async () => {
    const { t, lobby } = await away({ maxQueuedBytes: 2000, maxQueuedMessages: 1000 });
    const text = "ä".repeat(400);
    const first = lobby.publish(text, { timeoutMs: 1000 });
    void lobby.publish(text);
    expect(await lobby.publish(text)).toMatchObject({ code: "queue_full" });
    await t.clock.advanceAsync(1000);
    expect(await first).toMatchObject({ code: "timeout" });
    void lobby.publish(text);
    expect((await t.open()).all("publish")).toHaveLength(2);
  });

  it("gives its room back when what it held is given up", async () => {
    const { t, lobby } = await away({ maxQueuedMessages: 1 });
    const sent = lobby.publish(1, { timeoutMs: 1000 });
    await t.clock.advanceAsync(1000);
    expect(await sent).toMatchObject({ code: "timeout" });
    void lobby.publish(2);
    const socket = await t.open();
    expect(socket.all("publish").map(({ data }) => data)).toEqual([2]);
  });
});

describe("the queue of calls and reads", () => {
  it("refuses one more than it holds at once, and sends the others in order", async () => {
    const { t, lobby } = await away();
    void t.client.call("a", 1);
    void lobby.history();
    void t.client.call("b", 2);
    const refusal = { ok: false, code: "queue_full" };
    expect(await t.client.call("c", 3)).toMatchObject(refusal);
    expect(await lobby.history()).toMatchObject(refusal);
    expect(await lobby.presence.members()).toMatchObject(refusal);
    const socket = await t.open();
    expect(socket.types()).toBe("connect call history call");
  });

  it("is not filled by publishes, nor by ephemeral ones, which have a count of their own", async () => {
    const t = new Scripted({ maxQueuedMessages: 2 });
    const socket = await t.open();
    const lobby = t.client.channel(channel);
    for (const data of [1, 2]) {
      void lobby.publish(data);
      void lobby.publish(data, { ephemeral: true });
    }
    expect(await lobby.publish(3, { ephemeral: true })).toMatchObject({ code: "queue_full" });
    void t.client.call("a", 1);
    expect(socket.last("call")).toMatchObject({ method: "a" });
  });
});

describe("what waited too long", () => {
  it("is definitely not carried out where it was never sent", async () => {
    const { t, lobby } = await away();
    const results = [lobby.publish(1), t.client.call("a", 1), lobby.history()];
    await t.clock.advanceAsync(30_000);
    for (const result of await Promise.all(results)) {
      expect(result).toMatchObject({ ok: false, code: "timeout", retryable: true });
      expect(result).not.toHaveProperty("unknown");
    }
    const socket = await t.open();
    expect(socket.types()).toBe("connect");
  });

  it("is unknown where it was sent and no answer came", async () => {
    const t = new Scripted();
    const socket = await t.open();
    const lobby = t.client.channel(channel);
    const results = [
      lobby.publish(1, { timeoutMs: 2000 }),
      lobby.publish(2, { timeoutMs: 2000, ephemeral: true }),
      t.client.call("a", 1, { timeoutMs: 2000 }),
    ];
    await t.clock.advanceAsync(2000);
    expect(await Promise.all(results)).toMatchObject(
      results.map(() => ({ ok: false, code: "timeout", unknown: true })),
    );
    const { id } = socket.last("call");
    expect(socket.last("cancel")).toMatchObject({ call: id });
  });

  it("is unknown where it was sent on a connection that is gone, though it waited again", async () => {
    const t = new Scripted();
    await t.open();
    const lobby = t.client.channel(channel);
    const sent = lobby.publish(1, { timeoutMs: 5000 });
    t.socket.end();
    await t.clock.advanceAsync(5000);
    expect(await sent).toMatchObject({ code: "timeout", unknown: true });
  });

  it("ends at once, as unknown, where it must not be repeated and its connection is lost", async () => {
    const t = new Scripted();
    await t.open();
    const lobby = t.client.channel(channel);
    const called = t.client.call("a", 1);
    const typing = lobby.publish(1, { ephemeral: true });
    t.socket.end();
    const lost = { ok: false, code: "connection_lost", unknown: true, retryable: true };
    expect(await called).toMatchObject(lost);
    expect(await typing).toMatchObject(lost);
    const later = await lobby.publish(2, { ephemeral: true });
    expect(later).toMatchObject({ code: "connection_lost" });
    expect(later).not.toHaveProperty("unknown");
  });

  it("is asked again where that does no harm, until its patience ends", async () => {
    const t = new Scripted();
    await t.open();
    const reading = t.client.channel(channel).history({ limit: 1 });
    const socket = await t.reconnect();
    const { id } = socket.last("history");
    const page = { type: "history", channel, epoch: "e1", top: 0, first: 1 } as const;
    socket.push({ ...page, id: id!, publications: [] });
    expect(await reading).toEqual({ ok: true, epoch: "e1", top: 0, first: 1, publications: [] });
  });

  it("says of each what is known when the client is closed", async () => {
    const t = new Scripted({ maxInFlight: 1 });
    await t.open();
    const lobby = t.client.channel(channel);
    const onTheWay = [lobby.publish(1), t.client.call("a", 1)];
    const waiting = lobby.publish(2);
    t.client.close();
    const closed = { ok: false, code: "closed" };
    expect(await Promise.all(onTheWay)).toMatchObject(
      onTheWay.map(() => ({ ...closed, unknown: true })),
    );
    expect(await waiting).toMatchObject(closed);
    expect(await waiting).not.toHaveProperty("unknown");
    expect(t.clock.pendingTimers).toBe(0);
  });

  it("never becomes two publications: past the window of its key it is given up instead of repeated", async () => {
    const t = new Scripted({ publishTimeoutMs: 600_000, connectTimeoutMs: 600_000 });
    await t.open({ keyWindowMs: 120_000 });
    const sent = t.client.channel(channel).publish(1);
    t.socket.end();
    await t.clock.advanceAsync(110_000);
    const socket = await t.open({ keyWindowMs: 120_000 });
    expect(socket.all("publish")).toEqual([]);
    expect(await sent).toMatchObject({ code: "connection_lost", unknown: true });
  });
});

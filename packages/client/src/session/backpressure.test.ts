import { describe, expect, it } from "vitest";
import { Scripted, type ScriptedSocket, subscribed } from "../../test/scripted.js";

const channel = "chat:lobby";
const maxBufferedBytes = 1000;

async function start() {
  const patience = { publishTimeoutMs: 60_000, callTimeoutMs: 60_000 };
  const t = new Scripted({ maxBufferedBytes, maxInFlight: 2, ...patience });
  const socket = await t.open();
  return { t, socket, lobby: t.client.channel(channel) };
}

const full = (socket: ScriptedSocket) => {
  socket.bufferedBytes = maxBufferedBytes + 1;
};
const drain = (socket: ScriptedSocket) => {
  socket.bufferedBytes = maxBufferedBytes;
};
const since = (socket: ScriptedSocket, count: number) =>
  socket.sent.slice(count).map(({ type }) => type);

describe("a socket that does not take what it is given", () => {
  it("is handed no more than the bound, and the rest in order once it has drained", async () => {
    const { t, socket, lobby } = await start();
    full(socket);
    const before = socket.sent.length;
    void lobby.publish(1);
    void lobby.publish(2);
    void t.client.call("a", 1);
    void t.client.call("b", 2);
    lobby.subscribe().catch(() => {});
    void lobby.history();
    lobby.presence.on("change", () => {});
    await t.clock.advanceAsync(1000);
    expect(since(socket, before)).toEqual([]);
    drain(socket);
    await t.clock.advanceAsync(20);
    expect(since(socket, before).sort()).toEqual(
      ["subscribe", "presence", "call", "call", "history", "publish", "publish"].sort(),
    );
    expect(socket.all("call").map(({ method }) => method)).toEqual(["a", "b"]);
    expect(socket.all("publish").map(({ data }) => data)).toEqual([1, 2]);
  });

  it("is looked at no more often than every 20 ms, and not at all once nothing is open", async () => {
    const { t, socket, lobby } = await start();
    let looks = 0;
    Object.defineProperty(socket, "bufferedBytes", { get: () => ++looks && maxBufferedBytes + 1 });
    for (let number = 0; number < 100; number += 1) void lobby.publish(number);
    await t.clock.advanceAsync(1000);
    expect(looks).toBeGreaterThan(40);
    expect(looks).toBeLessThanOrEqual(51);
    t.client.close();
    expect(t.clock.pendingTimers).toBe(0);
  });

  it("lets nobody overtake what waits, not even when it has drained between two looks", async () => {
    const { t, socket } = await start();
    full(socket);
    void t.client.call("first", 1);
    drain(socket);
    void t.client.call("second", 2);
    expect(socket.all("call")).toEqual([]);
    await t.clock.advanceAsync(20);
    expect(socket.all("call").map(({ method }) => method)).toEqual(["first", "second"]);
  });

  it("stops again in the middle of what waits, and goes on from there", async () => {
    const { t, socket, lobby } = await start();
    full(socket);
    for (const number of [1, 2, 3]) void t.client.call("count", number);
    void lobby.publish(1);
    drain(socket);
    const send = socket.send.bind(socket);
    socket.send = (payload) => {
      send(payload);
      full(socket);
    };
    for (const count of [1, 2, 3]) {
      drain(socket);
      await t.clock.advanceAsync(20);
      expect(socket.all("call").map(({ data }) => data)).toEqual([1, 2, 3].slice(0, count));
      expect(socket.all("publish")).toEqual([]);
    }
    drain(socket);
    await t.clock.advanceAsync(20);
    expect(socket.all("publish")).toHaveLength(1);
  });

  it("still gets the few bytes that end something: unsubscribe, cancel, a fresh token, an answer to a ping", async () => {
    const t = new Scripted({ maxBufferedBytes, getToken: () => "token" });
    const socket = await t.open();
    const subscribing = t.client.channel(channel).subscribe();
    subscribed(socket);
    const sub = await subscribing;
    const abort = new AbortController();
    const calling = t.client.call("slow", 1, { signal: abort.signal });
    full(socket);
    const before = socket.sent.length;
    sub.close();
    abort.abort();
    socket.push({ type: "ping" }, { type: "expiring", inMs: 30_000 });
    await t.settle();
    expect(since(socket, before)).toEqual(["unsubscribe", "cancel", "pong", "refresh"]);
    expect(await calling).toMatchObject({ code: "cancelled", unknown: true });
  });

  it("takes no ephemeral publication, which would be stale by then", async () => {
    const { t, socket, lobby } = await start();
    full(socket);
    expect(await lobby.publish("typing", { ephemeral: true })).toMatchObject({
      ok: false,
      code: "queue_full",
    });
    drain(socket);
    await t.clock.advanceAsync(1000);
    expect(socket.all("publish")).toEqual([]);
  });

  it("keeps what waited for the next connection when it is lost", async () => {
    const { t, socket, lobby } = await start();
    full(socket);
    void lobby.publish(1);
    void t.client.call("a", 1);
    lobby.subscribe().catch(() => {});
    await t.clock.advanceAsync(100);
    const again = await t.reconnect();
    expect(again.sent.map(({ type }) => type)).toEqual(["connect", "subscribe", "call", "publish"]);
    expect(t.clock.pendingTimers).toBeGreaterThan(0);
    t.client.close();
    expect(t.clock.pendingTimers).toBe(0);
  });

  it("is not told to end what it was never told to begin", async () => {
    const { t, socket, lobby } = await start();
    full(socket);
    const abort = new AbortController();
    const subscribing = lobby.subscribe({ signal: abort.signal });
    subscribing.catch(() => {});
    const off = lobby.presence.on("change", () => {});
    abort.abort();
    off();
    drain(socket);
    await t.clock.advanceAsync(100);
    expect(socket.sent.map(({ type }) => type)).toEqual(["connect"]);
    await expect(subscribing).rejects.toMatchObject({ code: "cancelled" });
  });
});

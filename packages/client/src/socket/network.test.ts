import { describe, expect, it } from "vitest";
import { publication, Scripted, ScriptedPlatform, subscribed } from "../../test/scripted.js";

const channel = "chat:lobby";
const minuteMs = 60_000;

async function start(options: ConstructorParameters<typeof Scripted>[0] = {}) {
  const page = new ScriptedPlatform();
  const t = new Scripted({ events: page, ...options });
  await t.open();
  return { t, page };
}

const pings = (t: Scripted) => t.socket.sent.filter(({ type }) => type === "ping").length;

/** Lives through a stretch of time in which the gateway pings and the client answers. */
async function liveFor(t: Scripted, ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 25_000) {
    await t.clock.advanceAsync(Math.min(leftMs, 25_000));
    t.socket.push({ type: "ping" });
  }
}

describe("without a network", () => {
  it("makes no try, and tells when the next one is due by not telling", async () => {
    const { t, page } = await start();
    page.goOffline();
    t.socket.end();
    await t.clock.advanceAsync(60 * minuteMs);
    expect(t.sockets).toHaveLength(1);
    expect(t.client.state).toMatchObject({ now: "waiting", reason: "close_1006" });
    expect(t.client.state.nextTryMs).toBeUndefined();
  });

  it("calls off the try that was due", async () => {
    const { t, page } = await start();
    t.socket.end();
    expect(t.client.state.nextTryMs).toBeGreaterThan(0);
    page.goOffline();
    await t.clock.advanceAsync(60 * minuteMs);
    expect(t.sockets).toHaveLength(1);
    expect(t.states.at(-1)!.nextTryMs).toBeUndefined();
  });

  it("tries at once when the network returns, with its backoff begun anew", async () => {
    const { t, page } = await start();
    for (let failures = 0; failures < 8; failures += 1) {
      t.socket.end();
      await t.clock.advanceAsync(20_000);
    }
    page.goOffline();
    t.socket.end();
    await t.clock.advanceAsync(minuteMs);
    const before = t.sockets.length;
    page.goOnline();
    expect(t.sockets).toHaveLength(before + 1);
    expect(t.client.state).toMatchObject({ now: "connecting", attempt: 1 });
    t.socket.end();
    expect(t.client.state.nextTryMs).toBeLessThanOrEqual(1000);
  });

  it("leaves a try alone that is under way, and makes no other when it fails", async () => {
    const page = new ScriptedPlatform();
    const t = new Scripted({ events: page });
    await t.settle();
    page.goOffline();
    expect(t.client.state.now).toBe("connecting");
    await t.clock.advanceAsync(60 * minuteMs);
    expect(t.sockets).toHaveLength(1);
    expect(t.client.state).toEqual({ now: "waiting", attempt: 1, reason: "connect_timeout" });
    page.goOnline();
    expect(t.sockets).toHaveLength(2);
  });

  it("makes the first try of a page that was opened without one, and waits after that", async () => {
    const page = new ScriptedPlatform();
    page.online = false;
    const t = new Scripted({ events: page });
    await t.settle();
    t.socket.end();
    await t.clock.advanceAsync(60 * minuteMs);
    expect(t.sockets).toHaveLength(1);
    page.goOnline();
    expect(t.sockets).toHaveLength(2);
  });

  it("does not believe it of a gateway that it reaches all the same, on the device itself", async () => {
    const { t, page } = await start();
    page.goOffline();
    expect(pings(t)).toBe(1);
    t.socket.push({ type: "pong" });
    t.socket.end();
    await t.clock.advanceAsync(1000);
    expect(t.sockets).toHaveLength(2);
  });

  it("gives up the connection that it had, unless the gateway answers within 5 s", async () => {
    const { t, page } = await start();
    page.goOffline();
    await t.clock.advanceAsync(4999);
    expect(t.client.state.now).toBe("open");
    await t.clock.advanceAsync(1);
    expect(t.client.state).toEqual({ now: "waiting", attempt: 1, reason: "silent" });
    expect(t.socket.over).toBe("dropped");
  });

  it("keeps what is published and asked, and sends it once it is back", async () => {
    const { t, page } = await start();
    page.goOffline();
    t.socket.end();
    const sent = t.client.channel(channel).publish("hi");
    const called = t.client.call("rename", {});
    await t.clock.advanceAsync(5000);
    page.goOnline();
    const socket = await t.open();
    const { id } = socket.last("publish");
    socket.push({ type: "published", id: id!, channel, offset: 1, epoch: "e1" });
    socket.push({ type: "result", id: socket.last("call").id!, data: null });
    expect(await sent).toMatchObject({ ok: true, offset: 1 });
    expect(await called).toMatchObject({ ok: true });
  });
});

describe("advice of the gateway, when the network returns to everybody at once", () => {
  const advice = { retryAfterMs: 5000, spreadMs: 20_000 };

  async function returnOf(seed: number): Promise<number> {
    const { t, page } = await start({ seed });
    t.socket.push({
      type: "disconnect",
      code: 4003,
      reason: "overloaded",
      reconnect: true,
      ...advice,
    });
    t.socket.end(4003, "overloaded");
    page.goOffline();
    await t.clock.advanceAsync(1000);
    page.goOnline();
    expect(t.sockets).toHaveLength(1);
    expect(t.client.state.nextTryMs).toBeGreaterThan(0);
    const startMs = t.clock.monoMs();
    while (t.sockets.length === 1) await t.clock.advanceAsync(100);
    return t.clock.monoMs() - startMs + 1000;
  }

  it("binds each client, which comes back in its own part of the spread", async () => {
    const delays = await Promise.all(Array.from({ length: 40 }, (_, seed) => returnOf(seed)));
    for (const delayMs of delays) {
      expect(delayMs).toBeGreaterThanOrEqual(5000);
      expect(delayMs).toBeLessThanOrEqual(25_100);
    }
    const thirds = delays.map((delayMs) => Math.floor((delayMs - 5000) / 6700));
    expect(new Set(thirds)).toEqual(new Set([0, 1, 2]));
  });

  it("binds a page that is seen again, too", async () => {
    const { t, page } = await start();
    t.socket.push({
      type: "disconnect",
      code: 4003,
      reason: "overloaded",
      reconnect: true,
      ...advice,
    });
    t.socket.end(4003, "overloaded");
    for (let looks = 0; looks < 4; looks += 1) {
      page.wake();
      await t.clock.advanceAsync(1000);
    }
    expect(t.sockets).toHaveLength(1);
  });
});

describe("a page that is seen again", () => {
  it("asks its connection for a sign of life, and keeps it for the answer", async () => {
    const { t, page } = await start();
    page.wake();
    expect(pings(t)).toBe(1);
    t.socket.push({ type: "pong" });
    await liveFor(t, minuteMs);
    expect(t.sockets).toHaveLength(1);
    expect(t.client.state.now).toBe("open");
  });

  it("asks once, however often it is looked at while the answer is due", async () => {
    const { t, page } = await start();
    for (let looks = 0; looks < 10; looks += 1) page.wake();
    expect(pings(t)).toBe(1);
  });

  it("does not take for an answer what had waited in a buffer", async () => {
    const { t, page } = await start();
    page.wake();
    await t.clock.advanceAsync(3000);
    t.socket.push(publication(channel, 1), { type: "ping" });
    await t.clock.advanceAsync(4999);
    expect(t.client.state.now).toBe("open");
    await t.clock.advanceAsync(1);
    expect(t.client.state).toMatchObject({ now: "waiting", reason: "silent" });
  });

  it("keeps a connection whose answer is behind a long replay", async () => {
    const { t, page } = await start();
    page.wake();
    for (let offset = 1; offset <= 10; offset += 1) {
      await t.clock.advanceAsync(4000);
      t.socket.push(publication(channel, offset));
    }
    t.socket.push({ type: "pong" });
    await t.clock.advanceAsync(20_000);
    expect(t.client.state.now).toBe("open");
  });

  it("tries at once where a try was due later", async () => {
    const { t, page } = await start();
    t.socket.end();
    page.wake();
    expect(t.sockets).toHaveLength(2);
  });

  it("makes no try while there is no network, and one if its return went by unseen", async () => {
    const { t, page } = await start();
    page.goOffline();
    t.socket.end();
    page.wake();
    expect(t.sockets).toHaveLength(1);
    page.online = true;
    page.wake();
    expect(t.sockets).toHaveLength(2);
  });
});

describe("a device that slept", () => {
  const hourMs = 3_600_000;

  it("finds its connection silently dead, and goes on from its position on another", async () => {
    const { t } = await start();
    const subscribing = t.client.channel(channel).subscribe();
    subscribed(t.socket);
    const sub = await subscribing;
    t.socket.push(publication(channel, 1));
    t.clock.jumpWall(hourMs);
    // Within the next look at the clock and the patience of the question.
    await t.clock.advanceAsync(15_000);
    expect(t.sockets[0]!.over).toBe("dropped");
    expect(t.states.some(({ reason }) => reason === "silent")).toBe(true);
    await t.clock.advanceAsync(1000);
    const socket = await t.open();
    expect(socket.last("subscribe").position).toEqual({ epoch: "e1", offset: 1, id: "p1" });
    subscribed(socket, { resumed: true, position: { epoch: "e1", offset: 1, id: "p1" }, top: 2 });
    socket.push(publication(channel, 2));
    const seen: number[] = [];
    for await (const { offset } of sub) if (seen.push(offset) === 2) break;
    expect(seen).toEqual([1, 2]);
  });

  it("keeps a connection that lived through it", async () => {
    const { t } = await start();
    t.clock.jumpWall(hourMs);
    await t.clock.advanceAsync(10_000);
    expect(pings(t)).toBe(1);
    t.socket.push({ type: "pong" });
    await liveFor(t, minuteMs);
    expect(t.sockets).toHaveLength(1);
  });

  it("tries at once where it was waiting", async () => {
    const { t } = await start({ backoffMinMs: 600_000, backoffMaxMs: 600_000 });
    t.socket.end();
    expect(t.client.state.nextTryMs).toBeGreaterThan(20_000);
    t.clock.jumpWall(hourMs);
    await t.clock.advanceAsync(10_000);
    expect(t.sockets).toHaveLength(2);
  });

  it("is not taken for one whose clock was corrected by little, or backwards", async () => {
    const { t } = await start();
    t.clock.jumpWall(4000);
    await t.clock.advanceAsync(10_000);
    expect(pings(t)).toBe(0);
    t.clock.jumpWall(-hourMs);
    await t.clock.advanceAsync(10_000);
    expect(pings(t)).toBe(0);
    expect(t.sockets).toHaveLength(1);
  });
});

describe("a client that was closed", () => {
  it.each(["open", "waiting", "offline"])("leaves no timer and no listener: %s", async (when) => {
    const { t, page } = await start();
    page.wake();
    if (when !== "open") t.socket.end();
    if (when === "offline") page.goOffline();
    expect(page.listeners).toBe(3);
    t.client.close();
    expect(t.clock.pendingTimers).toBe(0);
    expect(page.listeners).toBe(0);
    page.wake();
    page.goOnline();
    expect(t.sockets).toHaveLength(1);
    expect(t.client.state.now).toBe("closed");
  });
});

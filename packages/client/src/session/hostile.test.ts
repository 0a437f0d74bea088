import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { DownMessage } from "@holdfast/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  connected,
  publication,
  Scripted,
  ScriptedPlatform,
  type ScriptedSocket,
  subscribed,
} from "../../test/scripted.js";
import { defaultLimits } from "../options.js";
import { Lane } from "./lane.js";

const channel = "chat:lobby";

function refused(id: number | undefined, code: string, retryable: boolean): DownMessage {
  return { type: "error", id: id!, code, message: "", retryable };
}

describe("a channel that is left and taken again at once", () => {
  async function leftAndTaken() {
    const t = new Scripted();
    const socket = await t.open();
    const first = t.client.channel(channel).subscribe();
    subscribed(socket);
    (await first).close();
    const again = t.client.channel(channel).subscribe();
    return { t, socket, again };
  }

  it("shows nothing of the subscription before, whatever of it is still on its way", async () => {
    const { socket, again } = await leftAndTaken();
    const position = { epoch: "e9", offset: 7 };
    socket.push(publication(channel, 1));
    socket.push({ type: "reset", channel, reason: "epoch_changed", position, top: 7 });
    socket.push({ type: "subscribed", channel, resumed: true, contiguous: true, position });
    subscribed(socket, { position: { epoch: "e1", offset: 4, id: "p4" }, top: 4 });
    socket.push(publication(channel, 5));
    for await (const p of await again) {
      expect(p.position).toEqual({ epoch: "e1", offset: 5, id: "p5" });
      break;
    }
  });

  it.each([true, false])(
    "does not end because the one before was ended (retryable: %s)",
    async (retryable) => {
      const { t, socket, again } = await leftAndTaken();
      socket.push({ type: "unsubscribed", channel, code: "forbidden", message: "", retryable });
      await t.clock.advanceAsync(10_000);
      expect(socket.all("subscribe")).toHaveLength(2);
      subscribed(socket);
      socket.push(publication(channel, 1));
      for await (const { offset } of await again) {
        expect(offset).toBe(1);
        break;
      }
    },
  );
});

describe("what can never be sent", () => {
  it("ends itself, and stands in nobody's way, now or on the next connection", async () => {
    const t = new Scripted();
    await t.settle();
    const huge = `chat:${"x".repeat(100_000)}`;
    const poisoned = t.client.channel(huge);
    const subscribing = expect(poisoned.subscribe()).rejects.toMatchObject({ code: "too_large" });
    poisoned.presence.on("change", () => {});
    const wrong = { epoch: "e1", offset: Number.NaN };
    const placed = t.client.channel("chat:b").subscribe({ position: wrong });
    const placing = expect(placed).rejects.toMatchObject({ code: "invalid_data" });
    const results = [poisoned.publish(1), poisoned.history(), t.client.call("a", Number.NaN)];
    const good = t.client.channel(channel).subscribe();
    for (const connect of [() => t.open(), () => t.reconnect()]) {
      const connection = await connect();
      expect(connection.over).toBe("no");
      subscribed(connection, { channel, id: connection.all("subscribe")[0]!.id! });
    }
    await subscribing;
    await placing;
    expect(await Promise.all(results)).toMatchObject(
      ["too_large", "too_large", "invalid_data"].map((code) => ({ ok: false, code })),
    );
    expect((await good).position).toEqual({ epoch: "e1", offset: 0 });
    // And the channel can be taken again.
    await expect(poisoned.subscribe()).rejects.toMatchObject({ code: "too_large" });
  });

  it("is told of a token that is no text, and of one that is too long", async () => {
    const tokens: unknown[] = [{ token: "t" }, "t", "t".repeat(100_000)];
    const t = new Scripted({ getToken: () => tokens.shift() as string });
    await t.settle();
    expect(t.errors).toEqual(["unauthorized"]);
    await t.clock.advanceAsync(1000);
    const socket = await t.open();
    socket.push({ type: "expiring", inMs: 1000 });
    await t.settle();
    expect(t.errors).toEqual(["unauthorized", "too_large"]);
    expect(t.client.state.now).toBe("open");
  });
});

describe("a publish that is not sure to have arrived", () => {
  it("is not repeated after a sleep that outlasted its key, though the timers stood still", async () => {
    const t = new Scripted();
    await t.open();
    const sent = t.client.channel(channel).publish("once");
    t.clock.jumpWall(3_600_000);
    const socket = await t.reconnect();
    expect(await sent).toMatchObject({ code: "connection_lost", unknown: true });
    expect(socket.all("publish")).toEqual([]);
  });

  it("is repeated under its key after a short one", async () => {
    const t = new Scripted();
    await t.open();
    void t.client.channel(channel).publish("once");
    const { key } = t.socket.last("publish");
    t.clock.jumpWall(60_000);
    const socket = await t.reconnect();
    expect(socket.last("publish").key).toBe(key);
  });

  it("is no longer waited for once it is given up", async () => {
    const clock = new VirtualClock();
    const forgotten: number[] = [];
    const shared = {
      settings: { ...defaultLimits, clock, random: new SeededRandom(1) },
      wire: { connected },
      requests: {
        canSend: () => true,
        send: () => 7,
        late: () => {},
        forget: (id: number) => forgotten.push(id),
      },
    };
    const lane = new Lane(shared as never, () => ({ id: "s", generation: 1 }));
    lane.add({ type: "publish", channel, data: 1 }, 1000, () => {});
    lane.pump();
    await clock.advanceAsync(1000);
    expect(forgotten).toEqual([7]);
    expect(lane.idle).toBe(true);
  });

  it("leaves nothing behind when it is given up, a thousand times", async () => {
    const t = new Scripted();
    const socket = await t.open();
    for (let times = 0; times < 1000; times += 1) {
      const giving = t.client.channel(channel).publish(times, { timeoutMs: 1 });
      await t.clock.advanceAsync(1);
      expect(await giving).toMatchObject({ code: "timeout", unknown: true });
    }
    // The watchdog, the clock's watch and the connection's trial.
    expect(t.clock.pendingTimers).toBeLessThan(5);
    for (const { id } of socket.all("publish")) socket.push(refused(id, "out_of_order", true));
    expect(socket.all("publish")).toHaveLength(1000);
  });
});

describe("listeners that misbehave", () => {
  it("do not keep others from hearing, and an error's own listener is the platform's to report", async () => {
    const t = new Scripted();
    const heard: string[] = [];
    t.client.on("state", () => {
      throw new Error("planned");
    });
    t.client.on("error", () => {
      throw new Error("worse");
    });
    t.client.on("error", ({ message }) => heard.push(message));
    await expect(t.settle()).rejects.toThrow("worse");
    expect(heard).toEqual(["A handler failed: planned"]);
    await expect(t.open()).rejects.toThrow("worse");
    expect(t.client.state.now).toBe("open");
  });

  it("hear nothing once they are taken off, even in the middle of an event", async () => {
    const t = new Scripted();
    const heard: string[] = [];
    t.client.on("state", () => off());
    const off = t.client.on("state", ({ now }) => heard.push(now));
    await t.open();
    expect(heard).toEqual([]);
  });

  it("may close the client in the middle of anything", async () => {
    for (const when of ["connecting", "open", "waiting"]) {
      const t = new Scripted();
      t.client.on("state", ({ now }) => now === when && t.client.close());
      await t.settle();
      if (when !== "connecting") {
        await t.open();
        t.socket.end();
      }
      await t.clock.advanceAsync(60_000);
      expect(t.client.state.now).toBe("closed");
      expect(t.sockets.length).toBeLessThanOrEqual(1);
      expect(t.clock.pendingTimers).toBe(0);
    }
  });

  it("may close the client from a handler, and nothing of the same frame follows", async () => {
    const t = new Scripted();
    const socket = await t.open();
    const seen: number[] = [];
    const subscribing = t.client.channel(channel).subscribe({
      onPublication: ({ offset }) => {
        seen.push(offset);
        t.client.close();
      },
    });
    subscribed(socket);
    await subscribing;
    const lines = [1, 2, 3].map((offset) => JSON.stringify(publication(channel, offset)));
    socket.raw(lines.join("\n"));
    expect(seen).toEqual([1]);
    expect(t.clock.pendingTimers).toBe(0);
  });
});

describe("options that are there and undefined", () => {
  it("count as left out", async () => {
    const t = new Scripted({ callTimeoutMs: undefined, jumpCheckMs: undefined } as object);
    await t.open();
    const calling = t.client.call("a", 1);
    await t.clock.advanceAsync(9999);
    expect(t.socket.all("cancel")).toEqual([]);
    await t.clock.advanceAsync(1);
    expect(await calling).toMatchObject({ code: "timeout" });
  });
});

/** A signal that knows who listens to it. */
function watchedSignal() {
  const abort = new AbortController();
  const { signal } = abort;
  const counts = { listeners: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    counts.listeners += 1;
    addEventListener.apply(signal, given);
  };
  signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    counts.listeners -= 1;
    removeEventListener.apply(signal, given);
  };
  return { abort, signal, counts };
}

/** Lets anything happen to a client that does everything. */
async function liveAnyhow(seed: number) {
  const random = new SeededRandom(seed);
  const page = new ScriptedPlatform();
  const t = new Scripted({
    seed,
    events: page,
    maxBufferedBytes: 500,
    maxQueuedMessages: 20,
    getToken: async () => (random.chance(0.1) ? Promise.reject(new Error("planned")) : "token"),
  });
  const { signal, counts } = watchedSignal();
  const open: Promise<unknown>[] = [];
  const keep = (work: Promise<unknown>) => open.push(work.catch(() => {}));
  const codes = ["forbidden", "busy", "rate_limited", "unavailable", "internal"];
  const answer = (socket: ScriptedSocket): void => {
    const asked = socket.sent.filter((message) => "id" in message && message.id !== undefined);
    const message = asked.at(-1 - random.int(4));
    if (message === undefined || !("id" in message)) return;
    if (message.type === "connect") socket.push({ type: "pong" });
    else if (message.type === "subscribe") subscribed(socket);
    else socket.push(refused(message.id as number, random.pick(codes), random.chance(0.5)));
  };
  const acts: (() => unknown)[] = [
    () => keep(t.client.channel(`chat:${random.int(3)}`).subscribe({ signal, bufferMax: 2 })),
    () => keep(t.client.channel(channel).publish(random.int(9))),
    () => keep(t.client.channel(channel).publish(1, { ephemeral: true })),
    () => keep(t.client.call("a", 1, { signal, timeoutMs: 1000 + random.int(60_000) })),
    () => keep(t.client.channel(channel).history()),
    () => keep(t.client.channel(channel).presence.enter({})),
    () => keep(t.client.channel(channel).presence.leave()),
    () => t.client.channel(`chat:${random.int(3)}`).presence.on("change", () => {}),
    () => t.sockets.at(-1)?.end(random.pick([1006, 4000, 4006])),
    () => t.sockets.at(-1)?.push({ type: "expiring", inMs: 1000 }, { type: "ping" }),
    () => t.sockets.at(-1)?.push(publication(`chat:${random.int(3)}`, 1 + random.int(4))),
    ...Array.from({ length: 6 }, () => () => t.sockets.at(-1) && answer(t.socket)),
    () => t.sockets.at(-1) && Object.assign(t.socket, { bufferedBytes: random.int(1000) }),
    () => (random.chance(0.5) ? page.goOffline() : page.goOnline()),
    () => page.wake(),
    () => t.clock.jumpWall(random.int(200_000)),
  ];
  for (let step = 0; step < 120; step += 1) {
    const { now } = t.client.state;
    const newest = t.sockets.at(-1);
    if (now === "connecting" && newest?.over === "no" && random.chance(0.5)) {
      await t.open();
    } else random.pick(acts)();
    await t.clock.advanceAsync(random.int(2) * random.int(3) * random.int(3000));
  }
  return { t, page, counts, open };
}

describe("a client that was closed, whatever had happened", () => {
  it("leaves no timer, no listener, no open socket and no promise behind", async () => {
    let opened = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const { t, page, counts, open } = await liveAnyhow(seed);
        opened += t.sockets.length;
        t.client.close();
        await Promise.all(open);
        expect(t.clock.pendingTimers).toBe(0);
        expect(t.clock.pendingSoon).toBe(0);
        expect(page.listeners).toBe(0);
        expect(counts.listeners).toBe(0);
        expect(t.sockets.filter(({ over }) => over === "no")).toEqual([]);
        await t.clock.advanceAsync(600_000);
        expect(t.client.state.now).toBe("closed");
      }),
      { numRuns: 150 },
    );
    expect(opened).toBeGreaterThan(300);
  });
});

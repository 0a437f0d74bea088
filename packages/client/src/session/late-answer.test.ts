import { describe, expect, it } from "vitest";
import { Scripted } from "../../test/scripted.js";

const timeoutMs = 2000;
const probeTimeoutMs = 5000;

async function start() {
  const t = new Scripted({ callTimeoutMs: timeoutMs, publishTimeoutMs: timeoutMs });
  const socket = await t.open();
  const pings = () => socket.sent.filter(({ type }) => type === "ping").length;
  return { t, socket, pings };
}

describe("an answer that did not come in time", () => {
  it.each([
    ["call", (t: Scripted) => t.client.call("a", 1)],
    ["publish", (t: Scripted) => t.client.channel("chat:lobby").publish(1)],
  ] as const)("to a %s has the gateway asked, and a silent one is given up", async (_name, ask) => {
    const { t, socket, pings } = await start();
    const asked = ask(t);
    await t.clock.advanceAsync(timeoutMs - 1);
    expect(pings()).toBe(0);
    await t.clock.advanceAsync(1);
    expect(await asked).toMatchObject({ ok: false, code: "timeout", unknown: true });
    expect(pings()).toBe(1);
    await t.clock.advanceAsync(probeTimeoutMs - 1);
    expect(socket.over).toBe("no");
    await t.clock.advanceAsync(1);
    expect(socket.over).toBe("dropped");
    expect(t.client.state).toMatchObject({ now: "waiting", reason: "silent" });
  });

  it("leaves the connection of a gateway that is only slow as it is", async () => {
    const { t, socket, pings } = await start();
    void t.client.call("slow", 1);
    await t.clock.advanceAsync(timeoutMs);
    expect(pings()).toBe(1);
    socket.push({ type: "pong" });
    await t.clock.advanceAsync(2 * probeTimeoutMs);
    expect(socket.over).toBe("no");
    expect(t.client.state.now).toBe("open");
  });

  it("says nothing of a gateway that has said something since: all who give a slow one up make it slower", async () => {
    const { t, socket, pings } = await start();
    const slow = async () => {
      void t.client.call("slow", 1);
      void t.client.channel("chat:lobby").publish(1);
      await t.clock.advanceAsync(1);
      socket.push({ type: "ping" });
      await t.clock.advanceAsync(timeoutMs + probeTimeoutMs);
    };
    for (let round = 0; round < 3; round += 1) await slow();
    expect(pings()).toBe(0);
    expect(t.client.state.now).toBe("open");
  });

  it("says nothing of the gateway while the socket still holds what was sent", async () => {
    const { t, socket, pings } = await start();
    void t.client.call("a", 1);
    socket.bufferedBytes = 1;
    await t.clock.advanceAsync(timeoutMs);
    expect(pings()).toBe(0);
  });

  it("says nothing of it either when the question was never sent, or is no longer wanted", async () => {
    const { t, socket, pings } = await start();
    const abort = new AbortController();
    void t.client.call("a", 1, { signal: abort.signal });
    abort.abort();
    socket.bufferedBytes = Number.MAX_SAFE_INTEGER;
    void t.client.call("b", 1);
    void t.client.channel("chat:lobby").publish(1);
    await t.clock.advanceAsync(timeoutMs - 1);
    socket.bufferedBytes = 0;
    socket.push({ type: "ping" });
    expect(socket.sent.map(({ type }) => type)).not.toContain("publish");
    await t.clock.advanceAsync(1);
    expect(pings()).toBe(0);
  });
});

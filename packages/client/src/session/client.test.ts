import { describe, expect, it } from "vitest";
import { publication, Scripted, subscribed } from "../../test/scripted.js";

describe("a client", () => {
  it("connects by itself, greets with its session secret and reports every state", async () => {
    const t = await start();
    const connect = t.socket.last("connect");
    expect(t.socket.subprotocols).toEqual(["holdfast.v1.json"]);
    expect(connect.session).toMatch(/^[A-Za-z0-9_-]{22,64}$/);
    expect(connect.token).toBeUndefined();
    expect(t.states.map(({ now }) => now)).toEqual(["connecting", "open"]);
    expect(t.client.member).toBe("m1");
  });

  it("knows who it is when the state says open", async () => {
    const t = new Scripted();
    const known: (string | undefined)[] = [];
    t.client.on("state", ({ now }) => now === "open" && known.push(t.client.member));
    await t.open();
    expect(known).toEqual(["m1"]);
  });

  it("delivers publications in order through for await", async () => {
    const t = await start();
    const subscribing = t.client.channel("chat:lobby").subscribe();
    subscribed(t.socket);
    const sub = await subscribing;
    t.socket.push(publication("chat:lobby", 1), publication("chat:lobby", 2));
    const seen: number[] = [];
    for await (const p of sub) {
      seen.push(p.offset);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([1, 2]);
  });

  it("resumes after the last publication that arrived, under the same session secret", async () => {
    const t = await start();
    const secret = t.socket.last("connect").session;
    const subscribing = t.client.channel("chat:lobby").subscribe({ last: 5 });
    expect(t.socket.last("subscribe")).toMatchObject({ last: 5 });
    subscribed(t.socket);
    const sub = await subscribing;
    t.socket.push(publication("chat:lobby", 1), publication("chat:lobby", 2));
    const again = await t.reconnect();
    expect(again.last("connect").session).toBe(secret);
    expect(again.last("subscribe").position).toEqual({ epoch: "e1", offset: 2, id: "p2" });
    subscribed(again, { resumed: true, position: { epoch: "e1", offset: 2, id: "p2" }, top: 3 });
    again.push(publication("chat:lobby", 3));
    const seen: number[] = [];
    for await (const p of sub) {
      seen.push(p.offset);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  it("goes on in the epoch the gateway names while the subscription is live", async () => {
    const t = await start();
    const subscribing = t.client.channel("chat:lobby").subscribe();
    subscribed(t.socket);
    const sub = await subscribing;
    t.socket.push(publication("chat:lobby", 1));
    const position = { epoch: "e2", offset: 1, id: "p1" };
    t.socket.push({
      type: "subscribed",
      channel: "chat:lobby",
      resumed: true,
      position,
      top: 1,
      contiguous: true,
    });
    t.socket.push(publication("chat:lobby", 2));
    const again = await t.reconnect();
    expect(again.last("subscribe").position).toEqual({ epoch: "e2", offset: 2, id: "p2" });
    const seen: (string | undefined)[] = [];
    for await (const p of sub) {
      seen.push(p.position?.epoch);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(["e1", "e2"]);
  });

  it("publishes what was said while away once it is back", async () => {
    const t = new Scripted();
    const sent = t.client.channel("chat:lobby").publish({ text: "hi" });
    await t.open();
    const publish = t.socket.last("publish");
    expect(publish).toMatchObject({ data: { text: "hi" }, session: { seq: 1 } });
    expect(publish.key).toMatch(/^[A-Za-z0-9_-]{22}$/);
    t.socket.push({
      type: "published",
      id: publish.id!,
      channel: "chat:lobby",
      offset: 1,
      epoch: "e1",
    });
    expect(await sent).toEqual({ ok: true, offset: 1, epoch: "e1" });
  });

  it("enters presence, watches it, and does both again after a reconnect", async () => {
    const t = await start();
    const { presence } = t.client.channel("chat:lobby");
    const counts: number[] = [];
    presence.on("change", ({ count }) => counts.push(count));
    t.socket.push(list(t.socket.last("presence").id!, []));
    const entering = presence.enter({ name: "Ann" });
    const enter = t.socket.last("presence_enter");
    t.socket.push({ type: "presence_entered", id: enter.id!, channel: "chat:lobby" });
    expect(await entering).toEqual({ ok: true });
    const again = await t.reconnect();
    expect(again.last("presence")).toMatchObject({ watch: true });
    expect(again.last("presence_enter")).toMatchObject({ data: { name: "Ann" } });
    again.push(list(again.last("presence").id!, ["m1"]));
    expect(counts).toEqual([0, 1]);
  });

  it("stays away from presence when it left before its entering was answered", async () => {
    const t = await start();
    const { presence } = t.client.channel("chat:lobby");
    const entering = presence.enter({ name: "Ann" });
    void presence.leave();
    const { id } = t.socket.last("presence_enter");
    t.socket.push({ type: "presence_entered", id: id!, channel: "chat:lobby" });
    const left = t.socket.last("presence_leave");
    t.socket.push({ type: "presence_left", id: left.id!, channel: "chat:lobby" });
    await entering;
    const again = await t.reconnect();
    expect(again.all("presence_enter")).toEqual([]);
  });

  it("never carries out an older wish of presence after a newer one", async () => {
    const t = await start();
    const { presence } = t.client.channel("chat:lobby");
    const entering = presence.enter({ name: "Ann" });
    const { id } = t.socket.last("presence_enter");
    t.socket.push({ type: "error", id: id!, code: "busy", message: "", retryable: true });
    const leaving = presence.leave();
    const left = t.socket.last("presence_leave");
    t.socket.push({ type: "presence_left", id: left.id!, channel: "chat:lobby" });
    expect(await leaving).toEqual({ ok: true });
    expect(await entering).toEqual({ ok: true });
    await t.clock.advanceAsync(10_000);
    expect(t.socket.all("presence_enter")).toHaveLength(1);
  });

  it("asks once per connection and retries once, whoever repeats the question", async () => {
    const t = await start();
    const { presence } = t.client.channel("chat:lobby");
    const entering = presence.enter({ name: "Ann" });
    t.socket.push({
      type: "presence_entered",
      id: t.socket.last("presence_enter").id!,
      channel: "chat:lobby",
    });
    await entering;
    const again = await t.reconnect();
    expect(again.all("presence_enter")).toHaveLength(1);
    const { id } = again.last("presence_enter");
    again.push({ type: "error", id: id!, code: "busy", message: "", retryable: true });
    await t.clock.advanceAsync(1_000);
    expect(again.all("presence_enter")).toHaveLength(2);
  });

  it("answers at once, with the reason, what is asked of it after it has closed", async () => {
    const t = await start();
    t.client.close();
    const channel = t.client.channel("chat:lobby");
    const closed = { ok: false, code: "closed" };
    expect(await t.client.call("chat.rename", {})).toMatchObject(closed);
    expect(await channel.publish(1)).toMatchObject(closed);
    expect(await channel.publish(1, { ephemeral: true })).toMatchObject(closed);
    expect(await channel.history()).toMatchObject(closed);
    expect(await channel.presence.enter()).toMatchObject(closed);
    await expect(channel.subscribe()).rejects.toMatchObject({ code: "closed" });
  });

  it("refuses what a newer gateway asks of it, and takes none of that for an answer to its own", async () => {
    const t = await start();
    const calling = t.client.call("chat.rename", { to: "x" });
    const { id } = t.socket.last("call");
    t.socket.raw(JSON.stringify({ type: "call", id, method: "client.refresh" }));
    t.socket.raw(JSON.stringify({ type: "receipt", id }));
    const refusal = { type: "error", id, code: "unsupported", retryable: false };
    expect(t.socket.sent.slice(-2)).toMatchObject([refusal, refusal]);
    t.socket.push({ type: "result", id: id!, data: "done" });
    expect(await calling).toEqual({ ok: true, data: "done" });
  });

  it("ignores what it does not know: pushes, fields, and answers nobody waits for", async () => {
    const t = await start();
    const subscribing = t.client.channel("chat:lobby").subscribe();
    subscribed(t.socket);
    const sub = await subscribing;
    t.socket.raw(JSON.stringify({ type: "weather", channel: "chat:lobby", rain: true }));
    t.socket.raw(JSON.stringify({ type: "result", id: 4_000_000, data: 1 }));
    t.socket.raw(JSON.stringify({ ...publication("chat:lobby", 1), mood: "good" }));
    for await (const p of sub) {
      expect(p.offset).toBe(1);
      break;
    }
    expect(t.errors).toEqual([]);
  });

  it("calls once and hands back the result", async () => {
    const t = await start();
    const calling = t.client.call("chat.rename", { to: "x" });
    const call = t.socket.last("call");
    expect(call).toMatchObject({ method: "chat.rename", data: { to: "x" }, timeoutMs: 10_000 });
    t.socket.push({ type: "result", id: call.id, data: "done" });
    expect(await calling).toEqual({ ok: true, data: "done" });
  });
});

async function start(options: ConstructorParameters<typeof Scripted>[0] = {}) {
  const t = new Scripted(options);
  await t.open();
  return t;
}

function list(id: number, members: string[]) {
  return {
    type: "presence" as const,
    id,
    channel: "chat:lobby",
    version: members.length,
    members: members.map((member) => ({ id: member })),
    count: members.length,
  };
}

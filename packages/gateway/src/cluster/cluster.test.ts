import { createFaultyMemoryBroker } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { Identity } from "@holdfast/protocol";
import { describe, expect, it } from "vitest";
import type { GatewayCore } from "../core-contract.js";
import { type FakeTransport, type TestOptions, testGateway } from "../testing/harness.js";
import { disconnectOrder, unsubscribeOrder } from "./orders.js";

const CHANNEL = "chat:secret";
const can = { "*": ["subscribe", "publish", "presence", "history"] } as const;
const HOUR_MS = 3_600_000;
/** The bound of the delivery contract. */
const BOUND_MS = 2_000;

/** A token in these tests is its identity as JSON. */
const tokenOf = (identity: Identity): string => JSON.stringify(identity);

/** Several gateways over one engine that can fail. */
function world() {
  const clock = new VirtualClock();
  const random = new SeededRandom(7);
  const broker = createFaultyMemoryBroker({ clock, random });
  const gateway = (name: string, options: TestOptions = {}) =>
    testGateway({
      broker,
      clock,
      random,
      gateway: name,
      authenticate: ({ token }) => ({ can, ...(JSON.parse(token ?? "null") as Identity) }),
      ...options,
    });
  return { broker, clock, gateway };
}

async function subscribe(peer: FakeTransport, settle: () => Promise<void>): Promise<void> {
  peer.send({ type: "subscribe", channel: CHANNEL });
  await settle();
}

const revoke = (core: GatewayCore, request: Parameters<GatewayCore["revocation"]>[0]) =>
  core.tell(core.revocation(request));

describe("an order given at one gateway (abuse 14)", () => {
  it("disconnects a user everywhere, and nobody else", async () => {
    const { clock, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const peers = [
      await one.open({ token: tokenOf({ user: "ada" }) }),
      await two.open({ token: tokenOf({ user: "ada" }) }),
      await two.open({ token: tokenOf({ user: "bob" }) }),
    ];
    expect(await one.core.tell(disconnectOrder({ user: "ada" }))).toEqual({ ok: true });
    await clock.advanceAsync(BOUND_MS);
    expect(peers.map((peer) => peer.closedWith?.code)).toEqual([4504, 4504, undefined]);
    // The command is read again each second; whoever came back since is not meant by it.
    const back = await two.open({ token: tokenOf({ user: "ada" }) });
    await clock.advanceAsync(5_000);
    expect(back.closedWith).toBeUndefined();
  });

  it("disconnects one client session by its member", async () => {
    const { clock, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const token = tokenOf({ user: "ada" });
    const [phone, desk] = [await two.open({ token }), await two.open({ token })];
    const { member } = phone.last("connected");
    await one.core.tell(disconnectOrder({ member }));
    await clock.advanceAsync(BOUND_MS);
    expect([phone.closedWith?.code, desk.closedWith]).toEqual([4504, undefined]);
  });

  it("ends a subscription and its presence, and drops what was queued of it", async () => {
    const { clock, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const ada = await two.open({ token: tokenOf({ user: "ada" }) });
    await subscribe(ada, two.settle);
    ada.send({ type: "presence_enter", channel: CHANNEL });
    await two.settle();
    await one.core.tell(unsubscribeOrder({ user: "ada", channel: CHANNEL }));
    await clock.advanceAsync(BOUND_MS);
    await one.core.publish(CHANNEL, { data: "late" });
    await clock.advanceAsync(100);
    expect(ada.last("unsubscribed")).toMatchObject({ channel: CHANNEL, code: "forbidden" });
    expect(ada.last("presence_left")).toMatchObject({ channel: CHANNEL });
    expect(ada.of("publication")).toEqual([]);
    expect(ada.closedWith).toBeUndefined();
  });

  it("asks the authorize handler of every gateway again", async () => {
    const { clock, gateway } = world();
    let allowed = true;
    const options: TestOptions = {
      authenticate: () => ({ user: "ada" }),
      authorize: () => allowed,
      settings: { authorizeRecheckMs: 0 },
    };
    const [one, two] = [await gateway("g1", options), await gateway("g2", options)];
    const peer = await two.open({ token: "t" });
    await subscribe(peer, two.settle);
    allowed = false;
    await one.core.tell({ name: "recheck", user: "ada" });
    await clock.advanceAsync(BOUND_MS);
    expect(peer.last("unsubscribed")).toMatchObject({ code: "forbidden" });
  });

  it("reaches a gateway whose relay lost it, within 2 s", async () => {
    const { broker, clock, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const peer = await two.open({ token: tokenOf({ user: "ada", tokenId: "t-1" }) });
    broker.cutRelay("g2");
    await revoke(one.core, { tokenId: "t-1" });
    await clock.advanceAsync(BOUND_MS);
    expect(peer.closedWith).toMatchObject({ code: 4006 });
  });

  it.each([
    ["nobody", {}],
    ["a user and a member", { user: "ada", member: "m" }],
    ["a user that is no text", { user: 7 }],
    ["a misspelled field", { users: "ada" }],
    ["no object", "ada"],
  ])("is refused for %s", async (_name, target) => {
    const { gateway } = world();
    const one = await gateway("g1");
    const told = await one.core.tell(disconnectOrder(target));
    expect(told).toMatchObject({ ok: false });
  });
});

describe("a revoked token (abuse 14)", () => {
  it("ends its connections and is refused afterwards, while the user's other token is not", async () => {
    const { clock, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const tokens = ["t-1", "t-2"].map((tokenId) => tokenOf({ user: "ada", tokenId }));
    const [first, second] = [
      await two.open({ token: tokens[0] }),
      await two.open({ token: tokens[1] }),
    ];
    await revoke(one.core, { tokenId: "t-1" });
    await clock.advanceAsync(BOUND_MS);
    expect([first.closedWith?.code, second.closedWith]).toEqual([4006, undefined]);
    expect((await two.open({ token: tokens[0] })).closedWith?.code).toBe(4500);
    second.send({ type: "refresh", id: 1, token: tokens[0] });
    await two.settle();
    expect(second.last("error")).toMatchObject({ id: 1, code: "unauthorized" });
  });

  it("of a user is every one issued before, and no later one", async () => {
    const { clock, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const issued = (issuedAtMs: number) => tokenOf({ user: "ada", issuedAtMs });
    const old = issued(clock.wallMs() - 1);
    const peer = await two.open({ token: old });
    const ageless = await two.open({ token: tokenOf({ user: "ada" }) });
    await revoke(one.core, { user: "ada" });
    await clock.advanceAsync(BOUND_MS);
    expect([peer.closedWith?.code, ageless.closedWith?.code]).toEqual([4006, 4006]);
    expect((await two.open({ token: old })).closedWith?.code).toBe(4500);
    expect((await two.open({ token: issued(clock.wallMs()) })).closedWith).toBeUndefined();
  });

  it("is refused by a gateway that starts a day later, and forgotten when it could not live any more", async () => {
    const settings = { maxTokenLifeMs: 48 * HOUR_MS };
    const { clock, gateway } = world();
    const one = await gateway("g1", { settings });
    await revoke(one.core, { tokenId: "t-1" });
    await clock.advanceAsync(24 * HOUR_MS);
    const late = await gateway("g2", { settings });
    const token = tokenOf({ user: "ada", tokenId: "t-1" });
    expect((await late.open({ token })).closedWith?.code).toBe(4500);
    await clock.advanceAsync(24 * HOUR_MS);
    expect((await late.open({ token })).closedWith).toBeUndefined();
  });

  it("stays revoked when the engine loses everything, as long as one gateway remembers", async () => {
    const { broker, clock, gateway } = world();
    const one = await gateway("g1");
    await revoke(one.core, { tokenId: "t-1" });
    broker.restart();
    await clock.advanceAsync(5_000);
    const late = await gateway("g2");
    const peer = await late.open({ token: tokenOf({ user: "ada", tokenId: "t-1" }) });
    expect(peer.closedWith?.code).toBe(4500);
  });

  it("is known to a gateway that was out of reach for longer than commands are kept", async () => {
    const { broker, clock, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const peer = await two.open({ token: tokenOf({ user: "ada", tokenId: "t-1" }) });
    broker.pause("g2");
    await revoke(one.core, { tokenId: "t-1" });
    for (let ms = 0; ms < broker.capabilities.commandWindowMs + 10_000; ms += 10_000) {
      await clock.advanceAsync(10_000);
      peer.connection?.ponged();
    }
    expect(peer.closedWith).toBeUndefined();
    broker.resume("g2");
    await clock.advanceAsync(BOUND_MS);
    expect(peer.closedWith?.code).toBe(4006);
    const back = await two.open({ token: tokenOf({ user: "ada", tokenId: "t-1" }) });
    expect(back.closedWith?.code).toBe(4500);
  });

  it("that cannot be remembered any more takes all older tokens with it, here and on later gateways", async () => {
    const settings = { maxRevocations: 3 };
    const { clock, gateway } = world();
    const one = await gateway("g1", { settings });
    const old = tokenOf({ user: "eve", issuedAtMs: clock.wallMs() - 1 });
    const bystander = await one.open({ token: old });
    for (let n = 0; n < 3; n++) await revoke(one.core, { tokenId: `t-${n}` });
    expect(bystander.closedWith).toBeUndefined();
    await clock.advanceAsync(10);
    await revoke(one.core, { tokenId: "t-3" });
    const late = await gateway("g2", { settings });
    for (const { open } of [one, late]) {
      expect((await open({ token: old })).closedWith?.code).toBe(4500);
      const fresh = tokenOf({ user: "eve", issuedAtMs: clock.wallMs() });
      expect((await open({ token: fresh })).closedWith).toBeUndefined();
    }
    expect(bystander.closedWith?.code).toBe(4006);
  });

  it("is asked about before anybody is let in: without an answer of the engine nobody is", async () => {
    const { broker, clock, gateway } = world();
    broker.pause();
    const one = await gateway("g1");
    expect(one.core.ready).toBe(false);
    const peer = await one.open({ token: tokenOf({ user: "ada", tokenId: "t-1" }) });
    expect(peer.closedWith?.code).toBe(4003);
    broker.resume();
    await clock.advanceAsync(BOUND_MS);
    expect(one.core.ready).toBe(true);
    const again = await one.open({ token: tokenOf({ user: "ada", tokenId: "t-1" }) });
    expect(again.closedWith).toBeUndefined();
  });
});

describe("a token that lives too long to be revoked for its whole life", () => {
  it("is refused", async () => {
    const { clock, gateway } = world();
    const one = await gateway("g1", { settings: { maxTokenLifeMs: HOUR_MS } });
    const ending = (ms: number) => tokenOf({ user: "ada", expiresAtMs: clock.wallMs() + ms });
    expect((await one.open({ token: ending(HOUR_MS + 1) })).closedWith?.code).toBe(4500);
    expect((await one.open({ token: ending(HOUR_MS) })).closedWith).toBeUndefined();
    const old = tokenOf({ user: "ada", issuedAtMs: clock.wallMs() - HOUR_MS });
    expect((await one.open({ token: old })).closedWith?.code).toBe(4006);
  });
});

describe("the list of nodes", () => {
  it("has every gateway with its figures, and not one that has ended", async () => {
    const { broker, clock, gateway } = world();
    const node = { version: "1.2.3" };
    const [one, two] = [await gateway("g1", { node }), await gateway("g2", { node })];
    await subscribe(await two.open({ token: tokenOf({ user: "ada" }) }), two.settle);
    await two.open({ token: tokenOf({ user: "bob" }) });
    // An engine that lost everything has it again.
    broker.wipe();
    await clock.advanceAsync(6_000);
    const startedMs = clock.wallMs() - 6_000;
    const idle = { version: "1.2.3", startedMs, connections: 0, channels: 0 };
    expect(await one.core.nodes()).toMatchObject([
      { ...idle, gateway: "g1", figures: { subscriptions: 0 } },
      { ...idle, gateway: "g2", connections: 2, channels: 1, figures: { subscriptions: 1 } },
    ]);
    await Promise.all([two.core.close({ drainMs: 0 }), clock.advanceAsync(1_000)]);
    expect(await one.core.nodes()).toMatchObject([{ gateway: "g1" }]);
  });

  it("is not read while the engine is out of reach", async () => {
    const { broker, gateway } = world();
    const one = await gateway("g1", { node: { version: "1" } });
    broker.pause();
    expect(await one.core.nodes()).toMatchObject({ code: "unavailable", retryable: true });
  });
});

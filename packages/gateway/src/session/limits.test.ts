import { describe, expect, it } from "vitest";
import { type FakeTransport, type TestOptions, testGateway } from "../testing/harness.js";
import { networkOf } from "./arrivals.js";

const CHANNEL = "chat:lobby";
const can = { "*": ["subscribe", "publish", "presence"] } as const;

const gatewayWith = (settings: TestOptions["settings"]) =>
  testGateway({
    authenticate: ({ token }) => (token === undefined ? null : { user: token, can }),
    ...(settings === undefined ? {} : { settings }),
  });

const publish = (peer: FakeTransport, count: number, data: unknown = 1): void => {
  for (let n = 0; n < count; n++) peer.send({ type: "publish", channel: CHANNEL, data });
};

const refusals = (peer: FakeTransport): number =>
  peer.of("error").filter(({ code }) => code === "rate_limited").length;

describe("messages and bytes (abuse 15)", () => {
  it("of one user are bounded over all of the user's connections, and nobody else's", async () => {
    const gateway = await gatewayWith({ messagesPerSecondPerUser: 10 });
    const [one, two, other] = [
      await gateway.open({ token: "ada" }),
      await gateway.open({ token: "ada" }),
      await gateway.open({ token: "bob" }),
    ];
    for (const peer of [one, two, other]) publish(peer, 15);
    await gateway.settle();
    expect([refusals(one), refusals(two), refusals(other)]).toEqual([0, 10, 0]);
    expect(two.last("error").retryAfterMs).toBeGreaterThan(0);
    await gateway.clock.advanceAsync(1_000);
    publish(two, 10);
    await gateway.settle();
    expect(refusals(two)).toBe(10);
  });

  it("of one address are bounded over all connections, anonymous ones too", async () => {
    const gateway = await gatewayWith({ messagesPerSecondPerAddress: 5 });
    const peers = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map((remoteAddress) =>
      gateway.connect({ remoteAddress }),
    );
    for (const peer of peers) publish(peer, 8);
    await gateway.settle();
    expect(peers.map(refusals)).toEqual([0, 6, 0]);
  });

  it.each(["bytesPerSecond", "bytesPerSecondPerUser"])(
    "are bounded by their size: %s",
    async (name) => {
      const gateway = await gatewayWith({ [name]: 40_000 });
      const peer = await gateway.open({ token: "ada" });
      publish(peer, 10, "x".repeat(20_000));
      await gateway.settle();
      expect(refusals(peer)).toBe(7);
      await gateway.clock.advanceAsync(1_000);
      publish(peer, 1, "x".repeat(20_000));
      await gateway.settle();
      expect(refusals(peer)).toBe(7);
    },
  );
});

describe("connections of one network (abuse 8)", () => {
  it("are taken at their rate, and others' at theirs", async () => {
    const { core, clock } = await gatewayWith({ acceptsPerSecondPerAddress: 2 });
    const waits = () => ["192.0.2.1", "192.0.2.2"].map((each) => core.acceptWaitMs(each));
    expect([waits(), waits()]).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(waits()).toEqual([500, 500]);
    await clock.advanceAsync(500);
    expect(core.acceptWaitMs("192.0.2.1")).toBe(0);
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:1:2:3:4", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["", ""],
  ])("%s is of %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe("a connection that is of no use", () => {
  it("is closed, and one that holds or asks for something is not", async () => {
    const gateway = await gatewayWith({ idleTimeoutMs: 10_000 });
    const names = ["idle", "pinging", "subscribed", "present", "asking"];
    const peers = await Promise.all(names.map((token) => gateway.open({ token })));
    const [, pinging, subscribed, present, asking] = peers;
    subscribed?.send({ type: "subscribe", channel: CHANNEL });
    present?.send({ type: "presence_enter", channel: CHANNEL });
    for (let second = 0; second < 25; second++) {
      for (const peer of peers) peer.connection?.ponged();
      pinging?.send({ type: "ping" });
      if (asking !== undefined) publish(asking, 1);
      await gateway.clock.advanceAsync(1_000);
    }
    expect(peers.map((peer) => peer.closedWith?.code)).toEqual([
      4009,
      4009,
      undefined,
      undefined,
      undefined,
    ]);
    expect(peers[0]?.last("disconnect")).toMatchObject({ reconnect: true, retryAfterMs: 60_000 });
  });
});

import { describe, expect, it } from "vitest";
import { type FakeTransport, testGateway } from "../testing/harness.js";

const CHANNEL = "chat:secret";
const everything = { "*": ["subscribe", "publish", "presence", "history"] } as const;

const dataOf = (peer: FakeTransport) => peer.of("publication").map((each) => each.data);

describe("what is appended after a permission has ended", () => {
  it("is not delivered once the token has expired, also when the link was stalled before", async () => {
    const gateway = await testGateway({
      authenticate: ({ token }) => ({
        user: "ada",
        can: everything,
        expiresAtMs: Number(token),
      }),
    });
    const expiresAtMs = gateway.clock.wallMs() + 10_000;
    const peer = await gateway.open({ token: String(expiresAtMs) });
    peer.send({ type: "subscribe", channel: CHANNEL });
    await gateway.settle();
    peer.stall(true);
    const big = "x".repeat(70_000);
    await gateway.core.publish(CHANNEL, { data: big });
    await gateway.settle();
    await gateway.core.publish(CHANNEL, { data: "queued" });
    await gateway.clock.advanceAsync(10_100);
    await gateway.core.publish(CHANNEL, { data: "late" });
    await gateway.settle();
    peer.stall(false);
    await gateway.settle();
    expect(peer.of("expiring").length + peer.of("disconnect").length).toBeGreaterThan(0);
    expect(peer.closedWith).toMatchObject({ code: 4006, reason: "token_expired" });
    expect(dataOf(peer)).toEqual([big]);
  });

  it("is not delivered when the wall clock jumps past the token's end", async () => {
    const gateway = await testGateway({
      authenticate: ({ token }) => ({ can: everything, expiresAtMs: Number(token) }),
    });
    const peer = await gateway.open({ token: String(gateway.clock.wallMs() + 3_600_000) });
    peer.send({ type: "subscribe", channel: CHANNEL });
    await gateway.settle();
    gateway.clock.jumpWall(7_200_000);
    await gateway.clock.advanceAsync(1_200);
    expect(peer.closedWith).toMatchObject({ code: 4006 });
  });

  it("is not delivered although the timers of a process that was stopped are late", async () => {
    const gateway = await testGateway({
      authenticate: ({ token }) => ({ can: everything, expiresAtMs: Number(token) }),
    });
    const peer = await gateway.open({ token: String(gateway.clock.wallMs() + 3_600_000) });
    peer.send({ type: "subscribe", channel: CHANNEL });
    await gateway.settle();
    gateway.clock.jumpWall(7_200_000);
    await gateway.core.publish(CHANNEL, { data: "late" });
    await gateway.settle();
    expect(dataOf(peer)).toEqual([]);
    expect(peer.closedWith).toMatchObject({ code: 4006 });
  });

  it("is not delivered in the middle of a replay when the token ends there", async () => {
    const gateway = await testGateway({
      authenticate: ({ token }) => ({ can: everything, expiresAtMs: Number(token) }),
      channels: { "chat:*": { history: { maxCount: 10_000, maxBytes: 1e9 } } },
    });
    for (let i = 0; i < 500; i++) await gateway.core.publish(CHANNEL, { data: "x".repeat(2_000) });
    const peer = await gateway.open({ token: String(gateway.clock.wallMs() + 1_000) });
    peer.stall(true);
    peer.send({ type: "subscribe", channel: CHANNEL, last: 500 });
    await gateway.clock.advanceAsync(1_100);
    const had = dataOf(peer).length;
    peer.stall(false);
    await gateway.clock.advanceAsync(5_000);
    expect(peer.closedWith).toMatchObject({ code: 4006 });
    expect(dataOf(peer).length).toBe(had);
    expect(had).toBeLessThan(500);
  });

  it("is not delivered after recheck(), and what was queued is dropped", async () => {
    const members = new Set(["ada", "bob"]);
    const gateway = await testGateway({
      authenticate: ({ token }) => ({ user: token ?? "", can: {} }),
      authorize: ({ user }) => members.has(user ?? ""),
    });
    const [ada, bob] = [await gateway.open({ token: "ada" }), await gateway.open({ token: "bob" })];
    for (const peer of [ada, bob]) peer.send({ type: "subscribe", channel: CHANNEL });
    await gateway.settle();
    ada.stall(true);
    const big = "x".repeat(70_000);
    await gateway.core.publish(CHANNEL, { data: big });
    await gateway.settle();
    await gateway.core.publish(CHANNEL, { data: "queued" });
    await gateway.settle();
    members.delete("ada");
    gateway.core.recheck({ user: "ada", channel: CHANNEL });
    await gateway.settle();
    await gateway.core.publish(CHANNEL, { data: "late" });
    ada.stall(false);
    await gateway.settle();
    expect(dataOf(ada)).toEqual([big]);
    expect(ada.last("unsubscribed")).toMatchObject({ channel: CHANNEL, code: "forbidden" });
    expect(dataOf(bob)).toEqual([big, "queued", "late"]);
    ada.send({ type: "subscribe", channel: CHANNEL });
    await gateway.settle();
    expect(ada.last("error")).toMatchObject({ code: "forbidden" });
  });

  it("is not delivered within 2 s of recheck() though the handler hangs", async () => {
    let hangs = false;
    const gateway = await testGateway({
      authenticate: () => ({ user: "ada" }),
      authorize: () => (hangs ? new Promise<boolean>(() => {}) : true),
    });
    const peer = await gateway.open({ token: "t" });
    peer.send({ type: "subscribe", channel: CHANNEL });
    await gateway.settle();
    hangs = true;
    gateway.core.recheck({});
    await gateway.clock.advanceAsync(1_100);
    expect(peer.last("unsubscribed")).toMatchObject({ code: "unavailable", retryable: true });
    await gateway.core.publish(CHANNEL, { data: "late" });
    await gateway.settle();
    expect(dataOf(peer)).toEqual([]);
  });

  it("is not delivered once the handler's answer has changed for the length of a beat", async () => {
    let allowed = true;
    const gateway = await testGateway({
      authenticate: () => ({ user: "ada" }),
      authorize: () => allowed,
      settings: { authorizeRecheckMs: 1_000 },
    });
    const peer = await gateway.open({ token: "t" });
    peer.send({ type: "subscribe", channel: CHANNEL });
    await gateway.settle();
    allowed = false;
    await gateway.clock.advanceAsync(1_100);
    expect(peer.last("unsubscribed")).toMatchObject({ code: "forbidden" });
  });
});

it("an answer asked for before a withdrawal does not open a subscription after it", async () => {
  const answers: ((allowed: boolean) => void)[] = [];
  const gateway = await testGateway({
    authenticate: () => ({ user: "ada" }),
    authorize: () => new Promise<boolean>((resolve) => answers.push(resolve)),
  });
  const peer = await gateway.open({ token: "t" });
  peer.send({ type: "subscribe", id: 4, channel: CHANNEL });
  await gateway.settle();
  gateway.core.recheck({});
  answers[0]?.(true);
  await gateway.settle();
  expect(answers.length).toBe(2);
  answers[1]?.(false);
  await gateway.settle();
  expect(peer.last("error")).toMatchObject({ id: 4, code: "forbidden" });
});

it("a subscription ended while it begins leaves its channel usable", async () => {
  let can: Record<string, readonly ["subscribe"]> = { "*": ["subscribe"] };
  const gateway = await testGateway({
    authenticate: () => ({ user: "ada", can }),
    settings: { maxConcurrentReplays: 1 },
  });
  for (let i = 0; i < 3; i++) await gateway.core.publish(CHANNEL, { data: i });
  const peer = await gateway.open({ token: "t" });
  can = {};
  // The read of the subscribe waits for the end of the tick; the refresh is faster.
  peer.send(
    { type: "subscribe", id: 1, channel: CHANNEL, last: 3 },
    { type: "refresh", id: 2, token: "t" },
  );
  await gateway.settle();
  expect(peer.last("error")).toMatchObject({ id: 1, code: "forbidden" });
  expect(peer.of("unsubscribed")).toEqual([]);
  can = { "*": ["subscribe"] };
  peer.send({ type: "refresh", id: 2, token: "t" });
  peer.send({ type: "subscribe", id: 1, channel: CHANNEL, last: 3 });
  await gateway.settle();
  expect(peer.last("subscribed")).toMatchObject({ id: 1, top: 3 });
});

it("a request id is refused while it is outstanding, and free again afterwards", async () => {
  const answers: ((allowed: boolean) => void)[] = [];
  const gateway = await testGateway({
    authenticate: () => ({ user: "ada" }),
    authorize: () => new Promise<boolean>((resolve) => answers.push(resolve)),
  });
  const peer = await gateway.open({ token: "t" });
  peer.send({ type: "subscribe", id: 4, channel: "chat:a" });
  peer.send({ type: "publish", id: 4, channel: "chat:b", data: 1 });
  await gateway.settle();
  const refused = peer.last("error");
  expect(refused).toMatchObject({ id: 4, code: "duplicate_id", field: "/id", retryable: false });
  answers[0]?.(true);
  await gateway.settle();
  expect(peer.last("subscribed")).toMatchObject({ id: 4 });
  peer.send({ type: "ping", id: 4 });
  await gateway.settle();
  expect(peer.last("pong")).toMatchObject({ id: 4 });
});

it("a member and watcher whose permission was withdrawn leaves and sees no changes any more", async () => {
  const members = new Set(["ada", "bob"]);
  const gateway = await testGateway({
    authenticate: ({ token }) => ({ user: token ?? "", can: {} }),
    authorize: ({ user }) => members.has(user ?? ""),
  });
  const [ada, bob] = [await gateway.open({ token: "ada" }), await gateway.open({ token: "bob" })];
  for (const peer of [ada, bob]) {
    peer.send({ type: "presence", channel: CHANNEL, watch: true });
    peer.send({ type: "presence_enter", channel: CHANNEL });
  }
  await gateway.settle();
  members.delete("ada");
  gateway.core.recheck({ user: "ada" });
  await gateway.settle();
  ada.take();
  expect(bob.last("presence_change")).toMatchObject({ action: "leave", member: { user: "ada" } });
  bob.send({ type: "presence_leave", channel: CHANNEL });
  await gateway.settle();
  expect(bob.last("presence_change")).toMatchObject({ action: "leave", member: { user: "bob" } });
  expect(ada.of("presence_change")).toEqual([]);
});

it("a member whose permission cannot be confirmed is told so, and comes back without anybody seeing it go", async () => {
  let isAway = false;
  const gateway = await testGateway({
    authenticate: ({ token }) => ({ user: token ?? "", can: {} }),
    authorize: ({ user }) => {
      if (isAway && user === "ada") throw new Error("the database is away");
      return true;
    },
  });
  const [ada, bob] = [await gateway.open({ token: "ada" }), await gateway.open({ token: "bob" })];
  bob.send({ type: "presence", channel: CHANNEL, watch: true });
  ada.send({ type: "presence_enter", channel: CHANNEL });
  await gateway.settle();
  isAway = true;
  gateway.core.recheck({ user: "ada" });
  await gateway.settle();
  expect(ada.last("presence_left")).toMatchObject({ code: "unavailable", retryable: true });
  isAway = false;
  ada.send({ type: "presence_enter", channel: CHANNEL });
  await gateway.clock.advanceAsync(30_000);
  expect(bob.of("presence_change").map(({ action }) => action)).toEqual(["enter"]);
});

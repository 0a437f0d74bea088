import { createFaultyMemoryBroker } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { type TestOptions, testGateway } from "../testing/harness.js";
import type { Ticket } from "./tickets.js";

const CHANNEL = "chat:lobby";
const can = { "chat:*": ["subscribe"] };

function world(operations?: Parameters<typeof createFaultyMemoryBroker>[0]["operations"]) {
  const clock = new VirtualClock();
  const random = new SeededRandom(3);
  const broker = createFaultyMemoryBroker({
    clock,
    random,
    ...(operations === undefined ? {} : { operations }),
  });
  const seen: (string | undefined)[] = [];
  const gateway = (name: string, options: TestOptions = {}) =>
    testGateway({
      broker,
      clock,
      random,
      gateway: name,
      authenticate: ({ token }) => {
        seen.push(token);
        return null;
      },
      ...options,
    });
  return { broker, clock, gateway, seen };
}

async function issue(
  gateway: Awaited<ReturnType<typeof testGateway>>,
  request: unknown = { user: "ada", can },
): Promise<string> {
  const issued = (await gateway.core.issueTicket(request)) as Ticket;
  expect(issued).toMatchObject({ ok: true, expiresInMs: 30_000 });
  return issued.ticket;
}

describe("a ticket", () => {
  it("opens one connection to any gateway as whom it is for, and no second one", async () => {
    const { gateway, seen } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const ticket = await issue(one);
    const peer = await two.open({ token: ticket });
    expect(peer.last("connected")).toMatchObject({ user: "ada" });
    peer.send({ type: "subscribe", channel: CHANNEL });
    peer.send({ type: "publish", id: 1, channel: CHANNEL, data: 1 });
    await two.settle();
    expect(peer.of("subscribed")).toHaveLength(1);
    expect(peer.last("error")).toMatchObject({ id: 1, code: "forbidden" });
    for (const { open } of [one, two]) {
      expect((await open({ token: ticket })).closedWith?.code).toBe(4500);
    }
    expect(seen).toEqual([]);
  });

  it("works in the handshake's subprotocol and for a refresh", async () => {
    const { gateway } = world();
    const one = await gateway("g1");
    const peer = one.connect({ token: await issue(one) });
    await one.settle();
    expect(peer.last("connected")).toMatchObject({ user: "ada" });
    peer.send({ type: "refresh", id: 1, token: await issue(one) });
    await one.settle();
    expect(peer.last("refreshed")).toMatchObject({ id: 1 });
  });

  it("opens one of two connections made at two gateways at the same moment", async () => {
    const { clock, gateway } = world((_gateway, operation) =>
      operation === "read" || operation === "publish" ? { delayMs: 5, replyDelayMs: 5 } : undefined,
    );
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    await clock.advanceAsync(100);
    const issuing = issue(one);
    await clock.advanceAsync(100);
    const token = await issuing;
    const peers = [one.connect(), two.connect()];
    for (const peer of peers) peer.send({ type: "connect", token });
    await clock.advanceAsync(1_000);
    expect(peers.map((peer) => peer.closedWith?.code).sort()).toEqual([4500, undefined]);
  });

  it("is worth nothing when its time is over", async () => {
    const { clock, gateway } = world();
    const one = await gateway("g1");
    const ticket = await issue(one);
    await clock.advanceAsync(30_000);
    expect((await one.open({ token: ticket })).closedWith?.code).toBe(4500);
  });

  it("is worth nothing when the engine lost it, and nobody is let in while it cannot be asked", async () => {
    const { broker, clock, gateway } = world();
    const one = await gateway("g1");
    const [lost, waiting] = [await issue(one), await issue(one)];
    broker.pause();
    expect((await one.open({ token: waiting })).closedWith?.code).toBe(4003);
    broker.resume();
    await clock.advanceAsync(1_000);
    expect((await one.open({ token: waiting })).closedWith).toBeUndefined();
    broker.restart();
    await clock.advanceAsync(1_000);
    expect((await one.open({ token: lost })).closedWith?.code).toBe(4500);
  });

  it("is worth nothing for a user whose tokens were revoked since", async () => {
    const { clock, gateway } = world();
    const one = await gateway("g1");
    const ticket = await issue(one);
    await clock.advanceAsync(10);
    await one.core.tell(one.core.revocation({ user: "ada" }));
    expect((await one.open({ token: ticket })).closedWith?.code).toBe(4500);
  });

  it("cannot be guessed from what the engine holds", async () => {
    const { broker, gateway } = world();
    const ticket = await issue(await gateway("g1"));
    const names = [...broker.backup().channels.keys()];
    expect(names.some((name) => name.includes("ticket/"))).toBe(true);
    expect(names.join()).not.toContain(ticket.slice(4));
  });

  it.each([
    ["a user that is no text", { user: 7 }, "/user"],
    ["a capability that is none", { user: "ada", can: { "chat:*": ["root"] } }, "/can"],
    ["an end that is past", { user: "ada", expiresAtMs: 1 }, "/expiresAtMs"],
    ["a field that is none", { user: "ada", capabilities: {} }, "/capabilities"],
    ["more than it may hold", { can: { [`chat:${"x".repeat(20_000)}`]: [] } }, "/can"],
  ])("is not made for %s", async (_name, request, field) => {
    const { gateway } = world();
    const one = await gateway("g1");
    expect(await one.core.issueTicket(request)).toMatchObject({ ok: false, field });
  });
});

import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";

const session = "a-secret-of-the-client";

it("a newer connection of a client takes the place of the older one", async () => {
  const gateway = await testGateway();
  const first = await gateway.open({ session, generation: 1 });
  const second = await gateway.open({ session, generation: 2 });
  expect(first.closedWith?.code).toBe(4503);
  expect(second.closedWith).toBeUndefined();
});

it("an older connection that is late is turned away and takes nobody's place", async () => {
  const gateway = await testGateway();
  const newer = await gateway.open({ session, generation: 2 });
  const late = await gateway.open({ session, generation: 1 });
  expect(late.closedWith?.code).toBe(4503);
  expect(late.of("connected")).toEqual([]);
  expect(newer.closedWith).toBeUndefined();
});

it("without a count the connection that comes last is the newer", async () => {
  const gateway = await testGateway();
  const first = await gateway.open({ session });
  const second = await gateway.open({ session });
  expect(first.closedWith?.code).toBe(4503);
  expect(second.closedWith).toBeUndefined();
});

it("what arrives late of a client that has moved to another gateway does not take its presence along", async () => {
  const gateway = await testGateway();
  const { clock, broker } = gateway;
  const other = await testGateway({ clock, broker, gateway: "gateway-2" });
  const old = await gateway.open({ session, generation: 1 });
  const now = await other.open({ session, generation: 2 });
  now.send({ type: "presence_enter", channel: "chat:lobby" });
  await gateway.settle();
  old.send({ type: "presence_enter", id: 7, channel: "chat:lobby" });
  await gateway.settle();
  expect(old.last("error")).toMatchObject({ id: 7, code: "fenced" });
  old.drop();
  await clock.advanceAsync(11_000);
  now.send({ type: "presence", channel: "chat:lobby" });
  await gateway.settle();
  expect(now.last("presence")).toMatchObject({ count: 1 });
});

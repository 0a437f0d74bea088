import { createFaultyMemoryBroker } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";

/** Two gateways over one engine, of which the second hears nothing from the relay any more. */
async function scene() {
  const clock = new VirtualClock();
  const broker = createFaultyMemoryBroker({ clock, random: new SeededRandom(1) });
  const near = await testGateway({ clock, broker, gateway: "near" });
  const far = await testGateway({ clock, broker, gateway: "far" });
  const reader = await far.open();
  reader.send({ type: "subscribe", channel: "chat:lobby" });
  await far.settle();
  await near.core.publish("chat:lobby", { data: 1 });
  await far.settle();
  const { epoch } = reader.last("subscribed").position!;
  const { offset, id } = reader.last("publication");
  broker.cutRelay("far");
  await near.core.publish("chat:lobby", { data: 2 });
  return { far, position: { epoch, offset, id } };
}

it("shows a resumed subscription what was acknowledged elsewhere, though the relay is behind", async () => {
  const { far, position } = await scene();
  const resumed = await far.open();
  resumed.send({ type: "subscribe", channel: "chat:lobby", position });
  await far.settle();
  expect(resumed.last("subscribed")).toMatchObject({ resumed: true, position, top: 2 });
  expect(resumed.of("publication").map(({ data }) => data)).toEqual([2]);
});

it("begins a new subscription at the engine's newest entry, though the relay is behind", async () => {
  const { far } = await scene();
  const fresh = await far.open();
  fresh.send({ type: "subscribe", channel: "chat:lobby" });
  await far.settle();
  expect(fresh.last("subscribed")).toMatchObject({ position: { offset: 2 }, top: 2 });
  expect(fresh.of("publication")).toEqual([]);
});

import { expect, it } from "vitest";
import { testGateway } from "./testing/harness.js";

it("opens a session, subscribes, publishes and delivers", async () => {
  const gateway = await testGateway();
  const reader = await gateway.open({ id: 1 });
  expect(reader.last("connected")).toMatchObject({ id: 1, features: ["state"] });
  reader.send({ type: "subscribe", id: 2, channel: "chat:lobby" });
  const writer = await gateway.open();
  writer.send({ type: "publish", id: 3, channel: "chat:lobby", data: { text: "hi" } });
  await gateway.settle();
  expect(reader.last("subscribed")).toMatchObject({
    id: 2,
    channel: "chat:lobby",
    resumed: false,
    position: { offset: 0 },
    top: 0,
    contiguous: true,
  });
  expect(writer.last("published")).toMatchObject({ id: 3, channel: "chat:lobby", offset: 1 });
  expect(reader.last("publication")).toMatchObject({
    channel: "chat:lobby",
    offset: 1,
    data: { text: "hi" },
  });
});

it("resumes from the position of the subscribe reply before anything was received", async () => {
  const gateway = await testGateway();
  const first = await gateway.open();
  first.send({ type: "subscribe", channel: "chat:lobby" });
  await gateway.settle();
  const { position } = first.last("subscribed");
  first.drop();
  for (const text of ["a", "b", "c"]) await gateway.core.publish("chat:lobby", { data: text });
  const second = await gateway.open();
  second.send({ type: "subscribe", channel: "chat:lobby", position });
  await gateway.settle();
  expect(second.last("subscribed")).toMatchObject({ resumed: true, position, top: 3 });
  await gateway.core.publish("chat:lobby", { data: "d" });
  await gateway.settle();
  expect(second.of("publication").map((each) => [each.offset, each.data])).toEqual([
    [1, "a"],
    [2, "b"],
    [3, "c"],
    [4, "d"],
  ]);
});

it("shows who is present and what changes", async () => {
  const gateway = await testGateway();
  const watcher = await gateway.open();
  watcher.send({ type: "presence", id: 1, channel: "chat:lobby", watch: true });
  await gateway.settle();
  expect(watcher.last("presence")).toMatchObject({ id: 1, members: [], count: 0 });
  const guest = await gateway.open();
  guest.send({ type: "presence_enter", id: 5, channel: "chat:lobby", data: { name: "Ada" } });
  await gateway.settle();
  expect(guest.last("presence_entered")).toMatchObject({ id: 5 });
  const { member } = guest.last("connected");
  expect(watcher.last("presence_change")).toMatchObject({
    action: "enter",
    member: { id: member, data: { name: "Ada" } },
    count: 1,
  });
  guest.send({ type: "presence_leave", channel: "chat:lobby" });
  await gateway.settle();
  expect(watcher.last("presence_change")).toMatchObject({ action: "leave", count: 0 });
});

import { createHook } from "node:async_hooks";
import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";

/** Promises that are made while `work` runs. */
function promisesOf(work: () => void): number {
  let made = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === "PROMISE") made++;
    },
  }).enable();
  try {
    work();
  } finally {
    hook.disable();
  }
  return made;
}

it("counts promises", () => {
  expect(promisesOf(() => void Promise.resolve().then(() => {}))).toBe(2);
});

const commands: readonly Record<string, unknown>[] = [
  { type: "publish", id: 1, channel: "chat:a", data: { text: "hello" } },
  { type: "subscribe", id: 2, channel: "chat:b" },
  { type: "unsubscribe", id: 3, channel: "chat:b" },
  { type: "call", id: 4, method: "app.echo", data: 1 },
  { type: "ping", id: 5 },
  { type: "history", id: 6, channel: "chat:a" },
];

it("no command is answered by way of a promise where engine and handlers answer at once", async () => {
  const gateway = await testGateway({
    calls: { "app.echo": { handler: (data: unknown) => data } },
  });
  const peer = await gateway.open();
  const ask = (command: Record<string, unknown>): number => {
    peer.take();
    const promises = promisesOf(() => peer.send(command));
    return promises;
  };
  for (const command of commands) {
    ask(command);
    await gateway.settle();
    expect(ask(command), String(command.type)).toBe(0);
    await gateway.settle();
    expect(peer.received.map((message) => ("id" in message ? message.id : 0))).toContain(
      command.id,
    );
  }
});

import type { Action, Capabilities } from "@holdfast/protocol";
import { describe, expect, it } from "vitest";
import { type TestOptions, testGateway } from "../testing/harness.js";

const CHANNEL = "chat:lobby";

/** Every command that needs a permission, and which. */
const commands: readonly (readonly [Action, string, Record<string, unknown>])[] = [
  ["subscribe", CHANNEL, { type: "subscribe", channel: CHANNEL }],
  ["subscribe", CHANNEL, { type: "subscribe", channel: CHANNEL, last: 10 }],
  ["publish", CHANNEL, { type: "publish", channel: CHANNEL, data: 1 }],
  ["publish", CHANNEL, { type: "publish", channel: CHANNEL, data: 1, ephemeral: true }],
  ["history", CHANNEL, { type: "history", channel: CHANNEL }],
  ["presence", CHANNEL, { type: "presence", channel: CHANNEL }],
  ["presence", CHANNEL, { type: "presence", channel: CHANNEL, watch: true }],
  ["presence", CHANNEL, { type: "presence_enter", channel: CHANNEL }],
  ["call", "sum", { type: "call", method: "sum", data: 1 }],
];
const actions: readonly Action[] = ["subscribe", "publish", "presence", "history", "call"];
const calls = { sum: { handler: () => 1 } };

async function ask(can: Capabilities, command: object, options: TestOptions = {}) {
  const gateway = await testGateway({
    calls,
    authenticate: () => ({ user: "ada", can }),
    ...options,
  });
  const peer = await gateway.open({ token: "t" });
  peer.take();
  peer.send({ ...command, id: 7 });
  await gateway.settle();
  return peer.received.find((message) => "id" in message && message.id === 7);
}

describe.each(commands)("%s of %s by %j (abuse 19)", (action, name, command) => {
  it("is refused to whom nothing was permitted", async () => {
    expect(await ask({}, command)).toMatchObject({ type: "error", code: "forbidden" });
  });

  it("is refused where only everything else was permitted, and elsewhere", async () => {
    const others = actions.filter((each) => each !== action);
    expect(await ask({ "*": others }, command)).toMatchObject({ code: "forbidden" });
    expect(await ask({ [`${name}2`]: actions }, command)).toMatchObject({ code: "forbidden" });
  });

  it("is permitted where it was permitted", async () => {
    expect((await ask({ [name]: [action] }, command))?.type).not.toBe("error");
  });

  it("is asked of the handler under its own name, which permits with true alone", async () => {
    const asked: unknown[] = [];
    const answering = (answer: unknown): TestOptions => ({
      authorize: ({ user, action: wanted, channel }) => {
        asked.push([user, wanted, channel]);
        return answer as boolean;
      },
    });
    expect((await ask({}, command, answering(true)))?.type).not.toBe("error");
    for (const answer of [false, "yes", 1, undefined, {}]) {
      expect(await ask({}, command, answering(answer))).toMatchObject({ code: "forbidden" });
    }
    expect(asked).toEqual(Array(6).fill(["ada", action, name]));
  });
});

it("a channel's state is read with the permission for its history alone", async () => {
  const gateway = await testGateway({
    channels: { "chat:*": { state: "last" } },
    authenticate: ({ token }) => ({ user: "ada", can: { "chat:*": [token as Action] } }),
  });
  const publishing = gateway.core.publish(CHANNEL, { data: 1 });
  await gateway.settle();
  await publishing;
  for (const action of actions) {
    const reading = gateway.core.readState(CHANNEL, { headers: {}, token: action });
    await gateway.settle();
    const outcome = await reading;
    if (action === "history") expect(outcome).toMatchObject({ ok: true, state: 1 });
    else expect(outcome).toMatchObject({ ok: false, code: "forbidden" });
  }
});

it.each([1_000, 0])(
  "an answer of the handler is reused for %i ms and no longer",
  async (cacheMs) => {
    let count = 0;
    const gateway = await testGateway({
      authenticate: () => ({ user: "ada" }),
      authorize: () => {
        count++;
        return true;
      },
      settings: { authorizeCacheMs: cacheMs, authorizeRecheckMs: 0 },
    });
    const peer = await gateway.open({ token: "t" });
    const publish = async () => {
      peer.send({ type: "publish", channel: CHANNEL, data: 1 });
      await gateway.settle();
    };
    await publish();
    await publish();
    expect(count).toBe(cacheMs === 0 ? 2 : 1);
    await gateway.clock.advanceAsync(cacheMs);
    const before = count;
    await publish();
    expect(count).toBe(before + 1);
    // What another connection was told is nobody else's.
    const other = await gateway.open({ token: "t" });
    other.send({ type: "publish", channel: CHANNEL, data: 1 });
    await gateway.settle();
    expect(count).toBe(before + 2);
  },
);

describe("a pattern bound to the user", () => {
  const bound = { "user:{sub}:*": ["subscribe"], "inbox:{sub}": ["subscribe"] } as const;

  async function may(user: string | undefined, channel: string, where: "can" | "authenticated") {
    const gateway = await testGateway({
      channels: { "*": {} },
      authenticate: () => ({
        ...(user === undefined ? {} : { user }),
        can: where === "can" ? bound : {},
      }),
      ...(where === "authenticated" ? { authenticated: bound } : {}),
    });
    const peer = await gateway.open({ token: "t" });
    peer.send({ type: "subscribe", id: 1, channel });
    await gateway.settle();
    return peer.of("subscribed").length === 1;
  }

  it.each(["can", "authenticated"] as const)(
    "in %s opens the user's own channels",
    async (where) => {
      expect(await may("ada", "user:ada:notes", where)).toBe(true);
      expect(await may("ada@example.com", "inbox:ada@example.com", where)).toBe(true);
      for (const [user, channel] of [
        ["ada", "user:bob:notes"],
        ["ada", "user:ada2:notes"],
        ["ada", "inbox:ada2"],
        ["ada", "user:{sub}:notes"],
        [undefined, "user:ada:notes"],
        [undefined, "user::notes"],
      ] as const) {
        expect(await may(user, channel, where)).toBe(false);
      }
    },
  );

  it.each(["*", "a:b", "a/b", "ada:", "", "$&", "ä"])(
    "opens nothing to a user named %j, whose name could mean others' channels",
    async (user) => {
      for (const channel of ["user:*:x", "user:bob:x", "inbox:bob", `user:${user}:x`]) {
        expect(await may(user === "" ? undefined : user, channel, "can")).toBe(false);
      }
    },
  );
});

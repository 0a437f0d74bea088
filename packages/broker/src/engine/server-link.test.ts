import { type Failure, failure } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { Done, Head } from "../contract.js";
import type { LinkParts } from "./link-parts.js";
import { ServerLink } from "./server-link.js";

const head: Head = { epoch: "e", offset: 3 };

/** Parts that take down what they are asked, and a link to them. */
class Scene extends ServerLink {
  readonly asked: string[];
  readonly followed: Set<string>;
  /** Names whose server cannot be asked; "" is the one that has what all gateways share. */
  readonly unreachable = new Set<string>();
  readonly state: { open: boolean; confirms: boolean; throws: boolean };

  constructor() {
    const asked: string[] = [];
    const followed = new Set<string>();
    const state = { open: true, confirms: true, throws: false };
    super("g1", partsOf(asked, followed, state));
    this.asked = asked;
    this.followed = followed;
    this.state = state;
  }

  partitionOf(): number {
    return 0;
  }
  async changes(): Promise<Failure> {
    return failure("internal");
  }
  async close(): Promise<void> {}
  protected refusal(name = ""): Failure | undefined {
    return this.unreachable.has(name) ? failure("unavailable") : undefined;
  }
  protected async tell(): Promise<Done> {
    this.asked.push("tell");
    return { ok: true };
  }
  protected failureOf(error: unknown): Failure {
    return failure("timeout", String(error));
  }
}

function partsOf(asked: string[], followed: Set<string>, state: Scene["state"]): LinkParts {
  const hears = (what: string) => async (): Promise<Failure> => {
    asked.push(what);
    return failure("busy");
  };
  return {
    get open() {
      return state.open;
    },
    publisher: { publish: hears("publish") },
    channels: {
      read: hears("read"),
      heads: hears("heads"),
      loadSnapshot: hears("loadSnapshot"),
      storeSnapshot: hears("storeSnapshot"),
      async head() {
        if (state.throws) throw "no answer";
        asked.push("head");
        return head;
      },
    },
    follows: {
      has: (channel) => followed.has(channel),
      withPresence: (channel) => channel === "room:1",
      async add(channel) {
        followed.add(channel);
        return state.confirms;
      },
      remove: (channel) => void followed.delete(channel),
    },
    presence: {
      view: hears("view"),
      roster: { enter: hears("enter"), leave: () => void asked.push("leave") },
      rooms: { watch: async (channel) => void asked.push(`watch ${channel}`) },
    },
    logs: {
      append: hears("append"),
      read: hears("read log"),
      storeSnapshot: hears("store log snapshot"),
      loadSnapshot: hears("load log snapshot"),
      delete: hears("delete log"),
    },
    leases: { acquire: hears("acquire"), renew: hears("renew"), release: hears("release") },
    services: { serve: hears("serve") },
    callers: { call: hears("call") },
    commands: { broadcast: hears("broadcast"), since: hears("commands") },
    nodes: { announce: hears("announce"), list: hears("nodes") },
  };
}

/** Every operation that asks for something, by what it is about. */
function everything(link: Scene) {
  const history = { maxCount: 1, maxBytes: 1, maxAgeMs: 1 };
  const status = { version: "1", startedMs: 0, connections: 0, channels: 0 };
  const lease = { name: "x", holder: "g1", token: 1, ttlMs: 1 };
  const page = { after: 0, maxCount: 1, maxBytes: 1 };
  const fenced = { log: "x", fencingToken: 1 };
  const snapshot = { sequence: 1, bytes: new Uint8Array() };
  const position = { epoch: "e", offset: 1 };
  return {
    x: [
      () => link.publish({ channel: "x", data: 1, timeMs: 1, history }),
      () => link.publishEphemeral({ channel: "x", data: 1 }),
      () => link.follow("x", { presence: false }),
      () => link.read({ channel: "x", ...page }),
      () => link.heads(["y", "x"]),
      () => link.loadSnapshot("x"),
      () => link.storeSnapshot("x", { position, state: 1 }),
      () => link.enter("x", { id: "ann" }),
      () => link.presence("x", 1),
      () => link.append({ ...fenced, expectedSequence: 0, entries: [] }),
      () => link.readLog({ log: "x", ...page }),
      () => link.storeLogSnapshot({ ...fenced, snapshot, trimThrough: 1 }),
      () => link.loadLogSnapshot("x"),
      () => link.deleteLog(fenced),
      () => link.acquireLease(lease),
      () => link.renewLease(lease),
      () => link.releaseLease(lease),
      () => link.serve("x", "group", () => new Uint8Array()),
      () => link.call("x", new Uint8Array(), { timeoutMs: 1 }),
    ],
    "": [
      () => link.broadcast({ id: "1", name: "revoke" }),
      () => link.commands(undefined),
      () => link.announce(status),
      () => link.nodes(),
    ],
  };
}

test.each(["x", ""] as const)(
  "nothing is asked of a server that cannot be asked: %j",
  async (name) => {
    const link = new Scene();
    link.unreachable.add(name);
    for (const operation of everything(link)[name]) {
      expect(await operation()).toMatchObject({ ok: false, code: "unavailable" });
    }
    expect(link.asked).toEqual([]);
    expect(link.followed.size).toBe(0);
  },
);

test("each operation goes to the part it belongs to, by servers that can be asked", async () => {
  const link = new Scene();
  const operations = Object.values(everything(link)).flat();
  for (const operation of operations) await operation();
  expect(link.asked).toHaveLength(operations.length);
  expect(new Set(link.asked).size).toBe(operations.length);
});

test("the life of a channel's presence is held before its head is read", async () => {
  const link = new Scene();
  expect(await link.follow("room:1", { presence: true })).toEqual(head);
  expect(link.asked).toEqual(["watch room:1", "head"]);
});

test("a channel whose following was not confirmed is not followed", async () => {
  const link = new Scene();
  link.state.confirms = false;
  expect(await link.follow("x", { presence: false })).toMatchObject({ code: "unavailable" });
  expect(link.followed.size).toBe(0);
});

test("a channel that was followed before stays so when its head cannot be read", async () => {
  const link = new Scene();
  await link.follow("x", { presence: false });
  link.state.throws = true;
  const again = await link.follow("x", { presence: false });
  expect(again).toMatchObject({ code: "timeout", message: "no answer" });
  await link.follow("y", { presence: false });
  expect([...link.followed]).toEqual(["x"]);
});

test("a member does not leave by a link that has ended: its lease has", () => {
  const link = new Scene();
  link.leave("x", "ann", { grace: false });
  link.state.open = false;
  link.leave("x", "ann", { grace: false });
  expect(link.asked).toEqual(["leave"]);
});

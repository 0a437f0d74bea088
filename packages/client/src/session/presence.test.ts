import type { DownMessage } from "@holdfast/protocol";
import { describe, expect, it } from "vitest";
import { Scripted } from "../../test/scripted.js";

const channel = "chat:lobby";

async function start() {
  const t = new Scripted();
  const socket = await t.open();
  return { t, socket, presence: t.client.channel(channel).presence };
}

function list(id: number, members: readonly string[], version = 1): DownMessage {
  return {
    type: "presence",
    id,
    channel,
    version,
    members: members.map((member) => ({ id: member })),
    count: members.length,
  };
}

function entering(member: string, version: number): DownMessage {
  return {
    type: "presence_change",
    channel,
    version,
    action: "enter",
    member: { id: member },
    count: version,
  };
}

describe("watching presence", () => {
  it("goes on when a listener is taken off and another put on before the first list has come", async () => {
    const { socket, presence } = await start();
    presence.on("change", () => {})();
    const counts: number[] = [];
    presence.on("change", ({ count }) => counts.push(count));
    const wishes = socket.all("presence").map(({ watch }) => watch);
    expect(wishes.at(-1)).toBe(true);
    for (const { id } of socket.all("presence")) socket.push(list(id!, ["ann"]));
    socket.push(entering("bob", 2));
    expect(socket.all("presence").at(-1)!.watch).toBe(true);
    expect(counts).toEqual([1, 2]);
  });

  it("ends at the gateway when the last listener goes, though the list is still on its way", async () => {
    const { socket, presence } = await start();
    presence.on("change", () => {})();
    socket.push(list(socket.last("presence").id!, ["ann"]));
    expect(socket.all("presence").map(({ watch }) => watch)).toEqual([true, false]);
  });

  it("never shows a new listener who was there on an earlier connection", async () => {
    const { t, socket, presence } = await start();
    const off = presence.on("change", () => {});
    socket.push(list(socket.last("presence").id!, ["ann"], 1));
    // A gap: the list is asked for again, and the listener leaves before it comes.
    socket.push(entering("eve", 5));
    off();
    const again = await t.reconnect();
    expect(again.all("presence")).toEqual([]);
    const seen: string[][] = [];
    presence.on("change", ({ members }) => seen.push(members.map(({ id }) => id)));
    expect(seen).toEqual([]);
    again.push(list(again.last("presence").id!, ["bob"], 9));
    expect(seen).toEqual([["bob"]]);
  });

  it("shows one event per change, and asks for the list again when a version is missing", async () => {
    const { socket, presence } = await start();
    const events: string[] = [];
    presence.on("change", ({ entered, left, updated }) => {
      events.push(
        [entered, updated, left].map((some) => some.map(({ id }) => id).join()).join("/"),
      );
    });
    socket.push(list(socket.last("presence").id!, ["ann"], 1), entering("bob", 2));
    socket.push(entering("eve", 4), entering("dan", 5));
    expect(socket.all("presence")).toHaveLength(2);
    socket.push(list(socket.last("presence").id!, ["bob", "cat", "eve"], 4));
    // What came while the list was on its way follows it, and only what the list does not hold yet.
    expect(events).toEqual(["ann//", "bob//", "cat,eve//ann", "dan//"]);
  });
});

describe("being present", () => {
  it("goes on with what was shown before when an update fails after the connection was lost", async () => {
    const { t, socket, presence } = await start();
    const entering = presence.enter({ name: "Ann" });
    const { id } = socket.last("presence_enter");
    socket.push({ type: "presence_entered", id: id!, channel });
    await entering;
    const updating = presence.update({ name: 7 });
    const again = await t.reconnect();
    expect(again.all("presence_enter")).toHaveLength(1);
    const refused = { code: "invalid_data", message: "", retryable: false } as const;
    again.push({ type: "error", id: again.last("presence_enter").id!, ...refused });
    expect(await updating).toMatchObject(refused);
    await t.settle();
    expect(again.last("presence_enter").data).toEqual({ name: "Ann" });
    expect(t.errors).toEqual([]);
  });

  it("is wanted for as long as nobody leaves, also when entering again had no answer in time", async () => {
    const { t, socket, presence } = await start();
    const entering = presence.enter({ name: "Ann" });
    socket.push({ type: "presence_entered", id: socket.last("presence_enter").id!, channel });
    await entering;
    const again = await t.reconnect();
    expect(again.all("presence_enter")).toHaveLength(1);
    // Its answer never comes: the gateway is there and has too much to do.
    for (let i = 0; i < 8; i++) {
      again.push({ type: "ping" });
      t.clock.advance(5_000);
      await t.settle();
    }
    const asked = again.all("presence_enter");
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.at(-1)!.data).toEqual({ name: "Ann" });
    again.push({ type: "presence_entered", id: asked.at(-1)!.id!, channel });
    await t.settle();
    expect(t.errors).toEqual([]);
  });

  it("is not told of as lost when the client is closed in the middle of an update", async () => {
    const { t, socket, presence } = await start();
    const entering = presence.enter({ name: "Ann" });
    socket.push({ type: "presence_entered", id: socket.last("presence_enter").id!, channel });
    await entering;
    const updating = presence.update({ name: "Anna" });
    t.client.close();
    expect(await updating).toMatchObject({ code: "closed", unknown: true });
    await t.settle();
    expect(t.errors).toEqual([]);
  });
});

describe("presence that the gateway ends", () => {
  const ended = (retryable: boolean): DownMessage => ({
    type: "presence_left",
    channel,
    code: retryable ? "unavailable" : "forbidden",
    message: "",
    retryable,
  });

  it("is entered and watched again where it was ended for now", async () => {
    const { t, socket, presence } = await start();
    presence.on("change", () => {});
    socket.push(list(socket.last("presence").id!, ["ann"], 1));
    const entering = presence.enter({ name: "Ann" });
    socket.push({ type: "presence_entered", id: socket.last("presence_enter").id!, channel });
    // Heard of before the application heard of its entry.
    socket.push(ended(true));
    expect(await entering).toEqual({ ok: true });
    await t.clock.advanceAsync(5_000);
    expect(socket.all("presence_enter").map(({ data }) => data)).toEqual([
      { name: "Ann" },
      { name: "Ann" },
    ]);
    expect(socket.all("presence").filter(({ watch }) => watch)).toHaveLength(2);
    expect(t.errors).toEqual([]);
  });

  it("is told of once where it was ended for good, and is not entered again", async () => {
    const { t, socket, presence } = await start();
    presence.on("change", () => {});
    socket.push(list(socket.last("presence").id!, ["ann"], 1));
    const entering = presence.enter({ name: "Ann" });
    socket.push({ type: "presence_entered", id: socket.last("presence_enter").id!, channel });
    await entering;
    socket.push(ended(false));
    await t.clock.advanceAsync(60_000);
    expect(t.errors).toEqual(["forbidden"]);
    expect(socket.all("presence_enter")).toHaveLength(1);
    expect(socket.all("presence")).toHaveLength(1);
  });
});

describe("a presence of very many", () => {
  const countOf = (count: number, version: number): DownMessage => ({
    type: "presence",
    channel,
    version,
    members: [],
    count,
    countOnly: true,
  });

  it("says that it is a count only, calls nobody gone, and shows everybody when changes follow again", async () => {
    const { socket, presence } = await start();
    const seen: string[] = [];
    presence.on("change", ({ members, count, countOnly, entered, left }) => {
      const told = `${entered.length} entered, ${left.length} left`;
      seen.push(`${countOnly ? "only " : ""}${count} of ${members.length}: ${told}`);
    });
    socket.push(list(socket.last("presence").id!, ["ann", "bob"], 1));
    socket.push(countOf(3, 2), countOf(3, 2), countOf(900, 950));
    const { id: _id, ...push } = { ...list(0, ["ann", "cid"], 1_800), id: undefined };
    socket.push(push as DownMessage, entering("dan", 1_801));
    expect(seen).toEqual([
      "2 of 2: 2 entered, 0 left",
      "only 3 of 0: 0 entered, 0 left",
      "only 900 of 0: 0 entered, 0 left",
      "2 of 2: 2 entered, 0 left",
      "1801 of 3: 1 entered, 0 left",
    ]);
  });
});

describe("presence by user", () => {
  it("shows a user once, with every connection of theirs, and nobody without a user", async () => {
    const { socket, presence } = await start();
    const seen: string[] = [];
    presence.on("change", ({ users }) => {
      seen.push(users.map((one) => `${one.user}:${one.members.map(({ id }) => id)}`).join(" "));
    });
    const members = [
      { id: "1", user: "ann" },
      { id: "2" },
      { id: "3", user: "bob" },
      { id: "4", user: "ann" },
    ];
    const { id } = socket.last("presence");
    socket.push({ type: "presence", id: id!, channel, version: 1, members, count: 4 });
    socket.push({
      type: "presence_change",
      channel,
      version: 2,
      action: "leave",
      member: { id: "1", user: "ann" },
      count: 3,
    });
    expect(seen).toEqual(["ann:1,4 bob:3", "bob:3 ann:4"]);
  });
});

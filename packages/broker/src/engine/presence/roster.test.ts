import { VirtualClock } from "@holdfast/core/testing";
import { failure, type Member } from "@holdfast/protocol";
import { expect, test, vi } from "vitest";
import type { Entrant, EntryMode, EntryOutcome, Registry } from "./registry.js";
import { Roster } from "./roster.js";

const graceMs = 1_000;
const leaseMs = 3_000;
const entered: EntryOutcome = { answer: "entered", stands: true };

/** Servers that take down what they are told, and answer as a test has them answer. */
class Servers implements Registry<Entrant> {
  readonly told: string[] = [];
  readonly used: string[][] = [];
  /** What is answered to entries, first to last; then that they stand. */
  readonly answers: (EntryOutcome | Promise<EntryOutcome>)[] = [];
  reachable = true;

  entrantOf(member: Member, generation: number): Entrant | undefined {
    return member.data === undefined ? { member, generation } : undefined;
  }
  async enter(channel: string, { member }: Entrant, mode: EntryMode): Promise<EntryOutcome> {
    this.#take(`${mode} ${channel}/${member.id}`);
    return (await this.answers.shift()) ?? entered;
  }
  async leave(channel: string, memberId: string): Promise<void> {
    this.#take(`leave ${channel}/${memberId}`);
  }
  partOf(channel: string): number {
    return Number(channel.split(":")[1]);
  }
  forget(part?: number): void {
    this.told.push(`forget ${part ?? "all"}`);
  }
  async keep(used: ReadonlySet<string>): Promise<void> {
    this.used.push([...used]);
  }
  failureOf(): ReturnType<typeof failure> {
    return failure("unavailable");
  }

  #take(what: string): void {
    if (!this.reachable) throw new Error("unreachable");
    this.told.push(what);
  }
}

function scene() {
  const clock = new VirtualClock();
  const servers = new Servers();
  return { clock, servers, roster: new Roster({ registry: servers, clock, graceMs, leaseMs }) };
}

const ann: Member = { id: "ann" };

test("a member that has entered is there until it leaves", async () => {
  const { servers, roster } = scene();
  expect(await roster.enter("room:1", ann, 1)).toEqual({ ok: true });
  expect([...roster.channels()]).toEqual(["room:1"]);
  roster.leave("room:1", "ann", { grace: false });
  await roster.quiet();
  expect([...roster.channels()]).toEqual([]);
  expect(servers.told).toEqual(["enter room:1/ann", "leave room:1/ann"]);
});

test("who may come back is taken out once its grace is over, and not at all if it does", async () => {
  const { clock, servers, roster } = scene();
  await roster.enter("room:1", ann, 1);
  await roster.enter("room:1", { id: "bob" }, 1);
  roster.leave("room:1", "ann", { grace: true });
  roster.leave("room:1", "bob", { grace: true });
  await roster.enter("room:1", { id: "bob" }, 2);
  clock.advance(graceMs);
  await roster.quiet();
  expect(servers.told.slice(3)).toEqual(["leave room:1/ann"]);
});

test("what is late of a client that has moved on changes nothing", async () => {
  const { servers, roster } = scene();
  await roster.enter("room:1", ann, 2);
  expect(await roster.enter("room:1", ann, 1)).toMatchObject({ code: "fenced" });
  roster.leave("room:1", "ann", { grace: false, generation: 1 });
  await roster.quiet();
  expect(servers.told).toEqual(["enter room:1/ann"]);
});

test("a refusal is handed on, and nobody is present by it", async () => {
  const { servers, roster } = scene();
  servers.answers.push({ answer: "full", stands: true }, { answer: "fenced", stands: true });
  expect(await roster.enter("room:1", ann, 1)).toMatchObject({ code: "limit_exceeded" });
  expect(await roster.enter("room:1", ann, 1)).toMatchObject({ code: "fenced" });
  expect(await roster.enter("room:1", { id: "cy", data: {} }, 1)).toMatchObject({
    code: "invalid_data",
  });
  expect([...roster.channels()]).toEqual([]);
});

test("an entry of which it is not known whether it was carried out is taken back", async () => {
  const { servers, roster } = scene();
  servers.reachable = false;
  expect(await roster.enter("room:1", ann, 1)).toMatchObject({ code: "unavailable" });
  servers.reachable = true;
  roster.sayUnsaid();
  await roster.quiet();
  expect(servers.told).toEqual(["leave room:1/ann"]);
});

test("a leave that could not be said is said later, unless its member has come back", async () => {
  const { servers, roster } = scene();
  await roster.enter("room:1", ann, 1);
  await roster.enter("room:2", ann, 1);
  servers.reachable = false;
  roster.leave("room:1", "ann", { grace: false });
  roster.leave("room:2", "ann", { grace: false });
  await roster.quiet();
  servers.reachable = true;
  await roster.enter("room:2", ann, 2);
  roster.sayUnsaid();
  await roster.quiet();
  expect(servers.told.slice(2)).toEqual(["enter room:2/ann", "leave room:1/ann"]);
});

test("what the servers lost meanwhile is registered again", async () => {
  const { servers, roster } = scene();
  servers.answers.push({ answer: "entered", stands: false }, { answer: "entered", stands: false });
  await roster.enter("room:1", ann, 1);
  await roster.quiet();
  roster.sayUnsaid();
  await roster.quiet();
  roster.sayUnsaid();
  await roster.quiet();
  expect(servers.told).toEqual(["enter room:1/ann", "reclaim room:1/ann", "reclaim room:1/ann"]);
});

test("a part that was lost is registered again, but for those about to leave", async () => {
  const { servers, roster } = scene();
  await roster.enter("room:1", ann, 1);
  await roster.enter("room:1", { id: "bob" }, 1);
  await roster.enter("room:2", ann, 1);
  roster.leave("room:1", "bob", { grace: true });
  roster.reclaim(1);
  await roster.quiet();
  expect(servers.told.slice(3)).toEqual(["forget 1", "reclaim room:1/ann"]);
});

test("who has left a part that was lost is taken out again, unless it has come back", async () => {
  const { servers, roster } = scene();
  for (const channel of ["room:1", "room:2"]) {
    await roster.enter(channel, ann, 1);
    await roster.enter(channel, { id: "bob" }, 1);
    roster.leave(channel, "ann", { grace: false });
    roster.leave(channel, "bob", { grace: false });
  }
  await roster.quiet();
  await roster.enter("room:1", { id: "bob" }, 2);
  const before = servers.told.length;
  roster.reclaim(1);
  await roster.quiet();
  expect(servers.told.slice(before)).toEqual([
    "forget 1",
    "leave room:1/ann",
    "reclaim room:1/bob",
  ]);
});

test("whom another gateway had is asked for again at the next look", async () => {
  const { servers, roster } = scene();
  await roster.enter("room:1", ann, 1);
  servers.answers.push({ answer: "other", stands: true });
  roster.reclaim();
  await roster.quiet();
  await roster.keep();
  await roster.quiet();
  await roster.keep();
  await roster.quiet();
  expect(servers.told.slice(1)).toEqual(["forget all", "reclaim room:1/ann", "reclaim room:1/ann"]);
});

test("a channel is of use as long as somebody enters it, is in it, or has left it unheard or lately", async () => {
  const { clock, servers, roster } = scene();
  await roster.enter("room:1", ann, 1);
  servers.answers.push(new Promise(() => {}));
  void roster.enter("room:2", ann, 1);
  await roster.enter("room:3", ann, 1);
  await roster.enter("room:4", ann, 1);
  roster.leave("room:4", "ann", { grace: false });
  await vi.waitFor(() => expect(servers.told).toContain("leave room:4/ann"));
  servers.reachable = false;
  roster.leave("room:3", "ann", { grace: false });
  await roster.keep();
  clock.advance(20 * leaseMs + 1);
  await roster.keep();
  const used = ["room:1", "room:2", "room:3"];
  expect(servers.used).toEqual([[...used, "room:4"], used]);
});

test("of one member the servers are asked one thing at a time, in order", async () => {
  const { servers, roster } = scene();
  let answer: (outcome: EntryOutcome) => void = () => {};
  servers.answers.push(new Promise((resolve) => (answer = resolve)));
  const entering = roster.enter("room:1", ann, 1);
  roster.leave("room:1", "ann", { grace: false });
  await Promise.resolve();
  expect(servers.told).toEqual(["enter room:1/ann"]);
  answer(entered);
  expect(await entering).toEqual({ ok: true });
  await roster.quiet();
  expect(servers.told).toEqual(["enter room:1/ann", "leave room:1/ann"]);
  expect([...roster.channels()]).toEqual([]);
});

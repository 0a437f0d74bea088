import type { Codec } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame } from "../transport.js";
import { Encoded } from "./encoded.js";
import { type LiveMember, LiveSet } from "./live-set.js";
import type { Broadcast, Sink } from "./sink.js";

const otherCodec: Codec = { ...jsonCodec, name: "msgpack" };
const message = (offset: number) =>
  new Encoded({ type: "publication", channel: "a:b", offset, id: "i", timeMs: 0, data: 1 });

/** A member that notes what reaches it, through its number or by itself. */
class Member implements LiveMember {
  liveIndex = -1;
  readonly heard: string[] = [];
  readonly sink: Sink;
  onFrame: (() => void) | undefined;

  constructor(slot: number, codec: Codec = jsonCodec) {
    const note = (how: string) => (frame: Frame) => this.hear(`${how} ${frame.payload}`);
    this.sink = {
      codec,
      slot,
      control: note("control"),
      stored: note("stored"),
      ephemeral: note("ephemeral"),
      hasRoom: true,
      whenRoom: () => {},
      fail: () => {},
    };
  }

  hear(what: string): void {
    this.heard.push(what);
    this.onFrame?.();
  }
}

function broadcastTo(members: readonly Member[]): Broadcast {
  return {
    send: (slots, count, frame) => {
      for (let index = 0; index < count; index++) {
        const slot = slots[index] ?? 0;
        if (slot > 0) members[slot - 1]?.hear(`slot ${frame.payload}`);
      }
    },
  };
}

describe("the live subscriptions of a channel", () => {
  it("are reached by number in their codec, and by themselves where they have none", () => {
    const members = [new Member(1), new Member(2, otherCodec), new Member(3)];
    const paced = new Member(0);
    const live = new LiveSet();
    for (const member of [...members, paced]) live.add(member);
    expect(live.size).toBe(4);
    live.send(message(7), "stored", broadcastTo(members));
    for (const { heard } of members) expect(heard).toEqual([expect.stringMatching(/^slot .*:7,/)]);
    expect(paced.heard).toEqual([expect.stringMatching(/^stored .*:7,/)]);
  });

  it("are in the set once, however often they are added or removed", () => {
    const member = new Member(1);
    const live = new LiveSet();
    for (const _ of [1, 2]) live.add(member);
    expect(live.size).toBe(1);
    for (const _ of [1, 2]) live.delete(member);
    expect(live.size).toBe(0);
    live.send(message(1), "stored", broadcastTo([member]));
    expect(member.heard).toEqual([]);
  });

  it("hear nothing once they are removed, not even in the middle of a message", () => {
    const members = [1, 2, 3, 4, 5].map((slot) => new Member(slot));
    const [first, second, third, fourth, fifth] = members as [
      Member,
      Member,
      Member,
      Member,
      Member,
    ];
    const live = new LiveSet();
    for (const member of [first, second, third, fourth]) live.add(member);
    second.onFrame = () => {
      second.onFrame = undefined;
      for (const gone of [first, second, third]) live.delete(gone);
      live.add(fifth);
      live.add(first);
    };
    live.send(message(1), "stored", broadcastTo(members));
    expect(members.map(({ heard }) => heard.length)).toEqual([1, 1, 0, 1, 0]);
    expect(live.size).toBe(3);
    live.send(message(2), "stored", broadcastTo(members));
    expect(members.map(({ heard }) => heard.length)).toEqual([2, 1, 0, 2, 1]);
  });

  it("hear nothing once they are removed, not even where the set has grown in the middle of a message", () => {
    const members = Array.from({ length: 9 }, (_, index) => new Member(index + 1));
    const [first, second, third, fourth, ...later] = members as [Member, Member, Member, Member];
    const live = new LiveSet();
    for (const member of [first, second, third, fourth]) live.add(member);
    const broadcast = broadcastTo(members);
    second.onFrame = () => {
      second.onFrame = undefined;
      for (const member of later) live.add(member);
      first.onFrame = () => live.delete(fourth);
      live.send(message(2), "stored", broadcast);
      live.delete(third);
    };
    live.send(message(1), "stored", broadcast);
    expect(members.map(({ heard }) => heard.length)).toEqual([2, 2, 1, 0, 1, 1, 1, 1, 1]);
    live.send(message(3), "stored", broadcast);
    expect(members.map(({ heard }) => heard.length)).toEqual([3, 3, 1, 0, 2, 2, 2, 2, 2]);
  });

  it("hear nothing of a message in the middle of which they are added, whatever their codec", () => {
    const first = new Member(1);
    const others = [new Member(2), new Member(3, otherCodec), new Member(0)];
    const all = [first, ...others];
    const live = new LiveSet();
    live.add(first);
    first.onFrame = () => {
      for (const member of others) live.add(member);
    };
    live.send(message(1), "stored", broadcastTo(all));
    expect(all.map(({ heard }) => heard.length)).toEqual([1, 0, 0, 0]);
    live.send(message(2), "stored", broadcastTo(all));
    expect(all.map(({ heard }) => heard.length)).toEqual([2, 1, 1, 1]);
  });

  it("are exactly those added and not removed, for any order of steps", () => {
    const step = fc.record({ member: fc.nat(19), adds: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const members = Array.from({ length: 20 }, (_, index) => {
          return new Member(index + 1, index % 3 === 0 ? otherCodec : jsonCodec);
        });
        const live = new LiveSet();
        const expected = new Set<Member>();
        for (const { member, adds } of steps) {
          const one = members[member]!;
          if (adds) live.add(one);
          else live.delete(one);
          if (adds) expected.add(one);
          else expected.delete(one);
        }
        expect(live.size).toBe(expected.size);
        live.send(message(1), "stored", broadcastTo(members));
        for (const one of members) expect(one.heard.length).toBe(expected.has(one) ? 1 : 0);
      }),
    );
  });
});

import { VirtualClock } from "@holdfast/core/testing";
import { expect, it } from "vitest";
import { ConnectionGate, type GateLimits } from "./connection-gate.js";

const limits: GateLimits = {
  maxSilent: 3,
  maxPerTurn: 3,
  silentMs: 50,
  heldUpMs: 500,
  maxWaiting: 5,
  maxWaitMs: 1_000,
};

class FakeSocket {
  bytesRead = 0;
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
  }
}

function makeGate(given: Partial<GateLimits> = {}) {
  const clock = new VirtualClock();
  const sockets: FakeSocket[] = [];
  const inside: number[] = [];
  const gate = new ConnectionGate<FakeSocket>(clock, { ...limits, ...given }, (socket) => {
    inside.push(sockets.indexOf(socket));
  });
  return {
    clock,
    gate,
    inside,
    arrive: (count: number) => {
      for (let i = 0; i < count; i++) {
        const socket = new FakeSocket();
        sockets.push(socket);
        gate.arrive(socket);
      }
    },
    /** As the loop reads them: all that were let in and are not destroyed. */
    speak: (...indices: number[]) => {
      for (const index of indices) (sockets[index] as FakeSocket).bytesRead = 1;
    },
    destroy: (index: number) => (sockets[index] as FakeSocket).destroy(),
    destroyed: () => sockets.flatMap(({ destroyed }, index) => (destroyed ? [index] : [])),
  };
}

it("lets a socket in at once while few are silent", () => {
  const { arrive, clock, gate, inside, speak } = makeGate();
  arrive(3);
  expect(inside).toEqual([0, 1, 2]);
  speak(1);
  arrive(1);
  expect([inside, gate.waiting]).toEqual([[0, 1, 2, 3], 0]);
  clock.advance(60);
  expect(inside).toHaveLength(4);
});

it("lets as many in as have spoken, in the order they came", () => {
  const { arrive, clock, gate, inside, speak } = makeGate();
  arrive(8);
  expect([inside, gate.waiting]).toEqual([[0, 1, 2], 5]);
  clock.advance(10);
  expect(inside).toEqual([0, 1, 2]);
  speak(0, 2);
  clock.advance(2);
  expect(inside).toEqual([0, 1, 2, 3, 4]);
  speak(1, 3, 4);
  clock.advance(2);
  expect([inside, gate.waiting]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7], 0]);
});

it("lets a bounded number of those who wait in per turn, however fast they speak", () => {
  const { arrive, clock, gate, inside, speak } = makeGate({ maxPerTurn: 2 });
  const turns: (() => void)[] = [];
  clock.soon = (turn) => turns.push(turn);
  arrive(8);
  speak(0, 1, 2, 3, 4, 5, 6, 7);
  clock.advance(2);
  expect([inside.length, gate.waiting, turns.length]).toEqual([5, 3, 1]);
  turns[0]?.();
  expect([inside.length, gate.waiting, turns.length]).toEqual([7, 1, 2]);
  turns[1]?.();
  expect([inside, gate.waiting, turns.length]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7], 0, 2]);
});

it("does not let a newcomer pass those who wait", () => {
  const { arrive, clock, inside, speak } = makeGate();
  arrive(4);
  speak(0, 1, 2);
  arrive(1);
  expect(inside).toEqual([0, 1, 2]);
  clock.advance(2);
  expect(inside).toEqual([0, 1, 2, 3, 4]);
});

it("abuse 7: those who say nothing keep others out for a moment only", () => {
  const { arrive, clock, inside } = makeGate();
  arrive(8);
  clock.advance(49);
  expect(inside).toEqual([0, 1, 2]);
  clock.advance(3);
  expect(inside).toEqual([0, 1, 2, 3, 4, 5]);
});

it("abuse 7: the more wait behind those who say nothing, the shorter those keep them out", () => {
  const { arrive, clock, gate } = makeGate({ maxWaiting: 1_000, heldUpMs: 100 });
  arrive(303);
  clock.advance(100);
  expect(gate.waiting).toBeLessThan(170);
  clock.advance(500);
  expect(gate.waiting).toBe(0);
});

it("destroys who comes when too many wait, and who has waited too long", () => {
  const { arrive, clock, destroyed, gate, inside } = makeGate({
    silentMs: 1_001,
    heldUpMs: 10_000,
    maxWaitMs: 1_000,
  });
  arrive(9);
  expect([destroyed(), gate.waiting]).toEqual([[8], 5]);
  clock.advance(1_010);
  expect([inside, destroyed(), gate.waiting]).toEqual([[0, 1, 2], [3, 4, 5, 6, 7, 8], 0]);
});

it("passes over who has gone, waiting or silent", () => {
  const { arrive, clock, destroy, inside } = makeGate();
  arrive(5);
  destroy(3);
  destroy(0);
  clock.advance(2);
  expect(inside).toEqual([0, 1, 2, 4]);
});

it("keeps nobody and no timer once those it let in have spoken or been silent long enough", () => {
  const { arrive, clock, speak } = makeGate();
  arrive(2);
  speak(0);
  clock.advance(100);
  expect(clock.pendingTimers).toBe(0);
});

it("destroys what waits when it closes, and what arrives after", () => {
  const { arrive, clock, destroyed, gate, inside } = makeGate();
  arrive(5);
  gate.close();
  arrive(1);
  clock.advance(1_000);
  expect([inside, destroyed(), gate.waiting]).toEqual([[0, 1, 2], [3, 4, 5], 0]);
});

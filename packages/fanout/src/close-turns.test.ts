import { setImmediate as nextTurn } from "node:timers/promises";
import { beforeEach, expect, it } from "vitest";
import { closeInTurn } from "./close-turns.js";

/** What one turn of the loop closes. */
const PER_TURN = 128;

/** Closings, by number, in the order they were carried out. */
let closed: number[] = [];
let waited = 0;

function closeAll(count: number): void {
  const from = closed.length + waited;
  for (let i = 0; i < count; i++) {
    closeInTurn(
      () => closed.push(from + i),
      () => waited++,
    );
  }
}

beforeEach(async () => {
  await nextTurn();
  closed = [];
  waited = 0;
});

it("closes at once while few close", async () => {
  closeAll(PER_TURN);
  expect([closed.length, waited]).toEqual([PER_TURN, 0]);
  await nextTurn();
  closeAll(1);
  expect([closed.length, waited]).toEqual([PER_TURN + 1, 0]);
});

it("closes so many per turn, in the order they came, where very many close at once", async () => {
  closeAll(3 * PER_TURN - 1);
  const turns = [closed.length];
  for (let turn = 0; turn < 3; turn++) {
    await nextTurn();
    turns.push(closed.length);
  }
  expect(turns).toEqual([PER_TURN, 2 * PER_TURN, 3 * PER_TURN - 1, 3 * PER_TURN - 1]);
  expect(closed).toEqual([...closed.keys()]);
});

it("lets nobody pass those who wait", async () => {
  closeAll(2 * PER_TURN + 1);
  await nextTurn();
  closeInTurn(
    () => closed.push(-1),
    () => waited++,
  );
  await nextTurn();
  expect(closed.slice(-2)).toEqual([2 * PER_TURN, -1]);
});

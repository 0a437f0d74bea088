import { expect, it } from "vitest";
import { BoundedQueue } from "./bounded-queue.js";

it("a bounded queue keeps order and refuses what exceeds its capacity", () => {
  const queue = new BoundedQueue<string>(2);
  expect([queue.push("a"), queue.push("b"), queue.push("c")]).toEqual([true, true, false]);
  expect(queue.isFull).toBe(true);
  expect(queue.peek()).toBe("a");
  expect(queue.shift()).toBe("a");
  expect(queue.push("d")).toBe(true);
  expect([...queue]).toEqual(["b", "d"]);
  queue.clear();
  expect(queue.shift()).toBeUndefined();
  expect(queue.length).toBe(0);
});

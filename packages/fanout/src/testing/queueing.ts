import { createFanout, type Fanout, loadNative, SharedBytes, type Target } from "../mod.js";

/** Texts as bytes that all who get them share. */
export const bytes = (...texts: string[]): SharedBytes =>
  new SharedBytes(texts.map((text) => Buffer.from(text)));

const numbers = new WeakMap<Target, number>();
let numbered = 0;

/** A target's number, which it gets at the first time. */
export function numberOf(fanout: Fanout, target: Target): number {
  let number = numbers.get(target);
  if (number === undefined) {
    number = numbered++;
    numbers.set(target, number);
    fanout.attach(number, target);
  }
  return number;
}

/** Queues bytes for a target. */
export function add(fanout: Fanout, target: Target, shared: SharedBytes): void {
  fanout.add(numberOf(fanout, target), shared);
}

/** Queues bytes for targets that follow each other. */
export function addAll(fanout: Fanout, targets: readonly Target[], shared: SharedBytes): void {
  const all = Int32Array.from(targets, (target) => numberOf(fanout, target));
  fanout.addAll(all, 0, all.length, shared);
}

/** The same, and writes them. */
export function send(fanout: Fanout, targets: readonly Target[], shared: SharedBytes): number {
  addAll(fanout, targets, shared);
  return fanout.flush();
}

/** The helper as it was built here. */
export const native = loadNative();

/** Both ways of writing, by name. */
export const kinds: readonly (readonly [string, () => Fanout])[] = [
  ["native", () => createFanout(native)],
  ["javascript", () => createFanout({ reason: "asked for" })],
];

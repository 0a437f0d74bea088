import type { SeededRandom } from "@holdfast/core/testing";

/** A part of the product that is given hostile input. */
export interface Target {
  readonly name: string;
  /** Of a thousand inputs of a run over every target, so many are this one's. */
  readonly share: number;
  /** An input: a valid one that was spoilt, or one that never was valid. */
  make(random: SeededRandom): Buffer;
  /** Sets the part up; `end` takes it down. */
  start(): Promise<Probe> | Probe;
}

/** A part that is set up. */
export interface Probe {
  /**
   * Gives it an input and looks at what it does. Throws where it does what it must never do; refusing
   * the input is what it is there for.
   */
  run(input: Buffer): Promise<void> | void;
  /** Throws where something is left that should be gone. */
  end?(): Promise<void> | void;
}

/** What a part must never do, and did. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** Throws `Broken` where a promise does not hold. */
export function must(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new Broken(promise);
}

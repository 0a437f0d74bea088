import type { Stored } from "../servers/api.js";

/**
 * One message of a journal: what was decided in one atomic step. Names are short because every
 * message carries them.
 */
export interface Envelope {
  /** Generation of the stream, as its writer knew it. */
  readonly g: string;
  /** Name of this message; unguessable. */
  readonly i: string;
  /** Name of the message it was decided on. */
  readonly p: string;
  /** Sequence of that message: the subject's last one then. */
  readonly l: number;
  /** Sequence of the message with the checkpoint that this one builds on; 0: itself. */
  readonly b: number;
  /** Oldest sequence that is needed to know the whole state; 0: this one. */
  readonly k: number;
  /** Operations on the state, in order. */
  readonly o: readonly unknown[];
  /** The state after the operations, or where it lies. */
  readonly s?: { readonly here: unknown } | { readonly blob: string };
  /** When it was written, by its writer's wall clock. */
  readonly t: number;
  /** The subject has ended: nothing of it counts any more, and whoever goes on begins anew. */
  readonly e?: 1;
  /** What can be known without the state. */
  readonly h?: unknown;
}

/** A message of a journal, with its place. */
export interface Step {
  readonly seq: number;
  readonly envelope: Envelope;
  /** Length of its text. */
  readonly length: number;
}

/** Reads a journal's message. */
export function stepOf({ seq, text }: Stored): Step {
  return { seq, envelope: JSON.parse(text), length: text.length };
}

/** What is published: when it was due, how much later it left, and a filling. */
export interface Filled {
  readonly t: number;
  readonly d: number;
  readonly p: string;
}

/** Bytes of `{"t":…,"d":…,"p":""}` around the filling, with the numbers as they usually are. */
const envelopeBytes = 40;

/** A filling that brings a payload near the wanted size. */
export function fillingFor(payloadBytes: number): string {
  return "x".repeat(Math.max(0, payloadBytes - envelopeBytes));
}

/** Times with the microseconds that count, so that a payload keeps its size. */
export function filled(dueMs: number, leftMs: number, filling: string): Filled {
  return { t: micros(dueMs), d: micros(leftMs - dueMs), p: filling };
}

const micros = (ms: number) => Math.round(ms * 1_000) / 1_000;

/** The times in a payload of this tool; `undefined` for what others published. */
export function timesOf(data: unknown): { dueMs: number; leftMs: number } | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { t, d } = data as Partial<Filled>;
  if (typeof t !== "number" || typeof d !== "number") return undefined;
  return { dueMs: t, leftMs: t + d };
}

import type { Random } from "./random.js";

/**
 * A random delay in milliseconds, uniform over 0 … min(`capMs`, `baseMs`·2^`attempt`), so that
 * clients that failed together do not come back together. `attempt` counts from 0.
 * (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
 */
export function fullJitter(random: Random, baseMs: number, attempt: number, capMs: number): number {
  return random.next() * Math.min(capMs, baseMs * 2 ** attempt);
}

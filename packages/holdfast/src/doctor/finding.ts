/** How much something matters: `open` is to be closed before production, `look` is for somebody to decide. */
export type Weight = "open" | "look";

/** One thing a configuration leaves open. */
export interface Finding {
  /** Names its row in docs/security.md. */
  readonly id: string;
  readonly weight: Weight;
  /** What is so, and what follows from it. Never shows a secret. */
  readonly says: string;
  /** What to do. */
  readonly advice: string;
}

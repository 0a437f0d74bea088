/** The times the promises speak of, in milliseconds; a deployment may have stricter ones. */
export interface Bounds {
  /** After a permission was withdrawn, what is appended later than this must not be delivered. */
  readonly revocationMs: number;
  /** After every fault is over, everyone has caught up within this. */
  readonly convergenceMs: number;
  /** How long a publish key is remembered. */
  readonly keyWindowMs: number;
  /** A dead gateway's presence lease ends after this. */
  readonly presenceLeaseMs: number;
  /** A member that is gone is shown for this long. */
  readonly presenceGraceMs: number;
  /** How much later than its gateway a client may learn that its connection has ended. */
  readonly presenceNoticeMs: number;
}

/** The bounds of the delivery contract; the key window is the engines' default. */
export const contractBounds: Bounds = {
  revocationMs: 2_000,
  convergenceMs: 30_000,
  keyWindowMs: 300_000,
  presenceLeaseMs: 30_000,
  presenceGraceMs: 10_000,
  presenceNoticeMs: 0,
};

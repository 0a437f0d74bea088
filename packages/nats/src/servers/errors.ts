/** What kept a request from succeeding. */
export type StoreErrorKind =
  /** Nothing was sent. */
  | "unreachable"
  /** It may have been carried out. */
  | "unknown"
  /** Others were always faster. */
  | "contended"
  /** It does not fit the server's `max_payload`. */
  | "too_large"
  /** The user may not; it was not carried out. */
  | "forbidden"
  /** The server said no, and it was not carried out. */
  | "refused";

/** A request to the server that did not succeed. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  /** JetStream's own number of what is wrong; 0: none. */
  readonly code: number;

  constructor(kind: StoreErrorKind, message: string, code = 0) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

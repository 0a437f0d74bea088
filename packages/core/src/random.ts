/** The only source of chance in core logic, so that a simulation can own it. */
export interface Random {
  /** A number in [0, 1), uniformly distributed. */
  next(): number;
  /**
   * An identifier of `length` characters from `[A-Za-z0-9_-]` (6 bits each).
   * The platform's implementation is unguessable; a seeded one is not.
   */
  id(length: number): string;
}

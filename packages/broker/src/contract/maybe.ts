/** A value now, or a promise of it: engines in the same process answer without one. */
export type Maybe<T> = T | Promise<T>;

import type { Capabilities, Identity } from "@holdfast/protocol";

/** A token of the simulation: who, and until when (wall clock; 0: for ever). */
export function tokenFor(user: string, untilMs: number): string {
  return `${user}.${untilMs}`;
}

/** Whose token it is; null for what is none. */
export function identityOf(token: string | undefined, can: Capabilities): Identity | null {
  const [user, until] = token?.split(".") ?? [];
  if (user === undefined || until === undefined) return null;
  const expiresAtMs = Number(until);
  return { user, can, ...(expiresAtMs > 0 ? { expiresAtMs } : {}) };
}

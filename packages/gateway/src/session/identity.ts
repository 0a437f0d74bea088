import type { Random } from "@holdfast/core";
import type { Identity } from "@holdfast/protocol";

/** Makes of a text what tells nothing of it, and is the same on every gateway. */
export type Digest = (text: string) => string;

/** The longest `user`, in characters. */
export const MAX_USER_CHARS = 256;

/** Whether a value can name a user: what `User` of the wire permits. */
export function isUser(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_USER_CHARS;
}

/** Whether a handler's answer is an identity; anything else refuses the connection. */
export function isIdentity(value: unknown): value is Identity {
  if (typeof value !== "object" || value === null) return false;
  const { user, can, expiresAtMs } = value as Record<string, unknown>;
  if (user !== undefined && !isUser(user)) return false;
  if (expiresAtMs !== undefined && !Number.isFinite(expiresAtMs)) return false;
  if (can === undefined) return true;
  return typeof can === "object" && can !== null && Object.values(can).every(Array.isArray);
}

/** Characters of a member's public identity: 132 bits. */
const MEMBER_LENGTH = 22;

/**
 * The public identity of a client session: the same on every gateway and reconnect, and telling
 * nothing of the session's secret. Without a secret it lives as long as the connection.
 */
export function memberOf(
  user: string | undefined,
  secret: string | undefined,
  { random, digest }: { readonly random: Random; readonly digest: Digest },
): string {
  if (secret === undefined) return random.id(MEMBER_LENGTH);
  return digest(JSON.stringify([user ?? null, secret])).slice(0, MEMBER_LENGTH);
}

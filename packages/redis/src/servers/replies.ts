import type { Reply } from "./servers.js";

/** A reply that does not have the form its script gives it: a broken invariant. */
function unexpected(reply: Reply): Error {
  return new Error(`the server answered with an unexpected ${typeof reply}`);
}

/** A text. */
export function textOf(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString("utf8");
  if (typeof reply === "string") return reply;
  if (typeof reply === "number") return String(reply);
  throw unexpected(reply ?? null);
}

/** A text that a script makes of words of its own and of names this engine gave: none is beyond ASCII. */
export function asciiOf(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString("latin1") : textOf(reply);
}

/** A text's bytes. */
export function bytesOf(reply: Reply | undefined): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  return Buffer.from(textOf(reply));
}

/** A number, also one that came as a text. */
export function numberOf(reply: Reply | undefined): number {
  const number = typeof reply === "number" ? reply : Number(textOf(reply));
  if (!Number.isFinite(number)) throw unexpected(reply ?? null);
  return number;
}

/** A list. */
export function listOf(reply: Reply | undefined): readonly Reply[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected(reply ?? null);
}

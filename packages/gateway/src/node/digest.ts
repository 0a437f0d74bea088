import { createHash } from "node:crypto";

/** SHA-256 of a text as base64url: the same everywhere, and telling nothing of the text. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

import type { IncomingMessage } from "node:http";

/** A request's body, or why there is none. */
export type Body =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly reason: "too_large" | "aborted" };

/**
 * What is read and thrown away beyond the limit: closing at once would reset the connection and
 * the client would never see why.
 */
const MAX_DISCARDED_BYTES = 1_048_576;

/** Reads a body of at most `maxBytes`; nothing beyond is kept. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      if (size > maxBytes + MAX_DISCARDED_BYTES) {
        request.pause();
        resolve({ ok: false, reason: "too_large" });
      }
    });
    request.once("end", () => {
      if (size > maxBytes) resolve({ ok: false, reason: "too_large" });
      else resolve({ ok: true, bytes: Buffer.concat(chunks, size) });
    });
    request.once("error", () => resolve({ ok: false, reason: "aborted" }));
    request.once("close", () => resolve({ ok: false, reason: "aborted" }));
  });
}

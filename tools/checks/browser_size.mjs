import { gzipSync } from "node:zlib";

/** @import { Violation } from "./files.mjs" */

/** What the client may cost a page, gzipped: 12 kB. */
export const browserGzippedMaxBytes = 12_000;
/** What the MessagePack codec may cost a page that asks for it, gzipped: 4 kB as docs/client.md rounds it. */
export const msgpackGzippedMaxBytes = 4_100;

/**
 * @param {string} path of the bundle, for the message
 * @param {Uint8Array} bundle
 * @param {number} maxBytes gzipped
 * @returns {Violation[]}
 */
export function checkBrowserSize(path, bundle, maxBytes) {
  const bytes = gzipSync(bundle, { level: 9 }).length;
  if (bytes <= maxBytes) return [];
  return [{ path, message: `${bytes} bytes gzipped, more than the ${maxBytes} it may have` }];
}

import { gzipSync } from "node:zlib";

/** @import { Violation } from "./files.mjs" */

/** What the client may cost a page, gzipped: 12 kB. */
export const browserGzippedMaxBytes = 12_000;

/**
 * @param {string} path of the bundle, for the message
 * @param {Uint8Array} bundle
 * @returns {Violation[]}
 */
export function checkBrowserSize(path, bundle) {
  const bytes = gzipSync(bundle, { level: 9 }).length;
  if (bytes <= browserGzippedMaxBytes) return [];
  return [
    {
      path,
      message: `${bytes} bytes gzipped, more than the ${browserGzippedMaxBytes} it may have`,
    },
  ];
}

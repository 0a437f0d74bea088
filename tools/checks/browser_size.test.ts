import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { browserGzippedMaxBytes, checkBrowserSize } from "./browser_size.mjs";

/** Bytes that gzip cannot shrink. */
function noise(lengthBytes: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(lengthBytes / 32) }, (_, i) =>
    createHash("sha256").update(String(i)).digest(),
  );
  return Buffer.concat(blocks).subarray(0, lengthBytes);
}

test("a bundle over the limit is found", () => {
  expect(checkBrowserSize("client.js", noise(browserGzippedMaxBytes))).toHaveLength(1);
});

test("a bundle under the limit passes", () => {
  expect(checkBrowserSize("client.js", noise(browserGzippedMaxBytes - 100))).toEqual([]);
});

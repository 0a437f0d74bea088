import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { bundledAlone } from "../build-browser.mjs";
import {
  browserGzippedMaxBytes,
  checkBrowserSize,
  msgpackGzippedMaxBytes,
} from "./browser_size.mjs";

/** Bytes that gzip cannot shrink. */
function noise(lengthBytes: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(lengthBytes / 32) }, (_, i) =>
    createHash("sha256").update(String(i)).digest(),
  );
  return Buffer.concat(blocks).subarray(0, lengthBytes);
}

function check(lengthBytes: number) {
  return checkBrowserSize("client.js", noise(lengthBytes), browserGzippedMaxBytes);
}

test("a bundle over the limit is found", () => {
  expect(check(browserGzippedMaxBytes)).toHaveLength(1);
});

test("a bundle under the limit passes", () => {
  expect(check(browserGzippedMaxBytes - 100)).toEqual([]);
});

test("an entry is judged by all that a page loads for it", async () => {
  const whole = await bundledAlone("mod.ts");
  expect(checkBrowserSize("mod.ts", whole, msgpackGzippedMaxBytes)).toHaveLength(1);
  expect(checkBrowserSize("mod.ts", whole, browserGzippedMaxBytes)).toEqual([]);
});

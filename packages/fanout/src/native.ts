import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Sends descriptor `i` of `count` the list `which[i]` of `parts`; see `native/fanout.c`. */
export type SendEach = (
  count: number,
  descriptors: Int32Array,
  which: Int32Array,
  parts: readonly Uint8Array[],
  ends: Int32Array,
  taken: Int32Array,
) => number;

/** Where the helper is built and where the published package has it. */
export function nativePath(
  platform: string = process.platform,
  arch: string = process.arch,
): string {
  return fileURLToPath(new URL(`../native/fanout-${platform}-${arch}.node`, import.meta.url));
}

/** The helper, or the reason there is none. */
export type NativeLookup = { readonly send: SendEach } | { readonly reason: string };

/**
 * Loads the helper once; a missing or foreign binary is an answer, not a failure.
 * `HOLDFAST_FANOUT=javascript` does without it, any other value is the path of one.
 */
export function loadNative(
  path: string = process.env.HOLDFAST_FANOUT || nativePath(),
): NativeLookup {
  if (path === "javascript") return { reason: "switched off by HOLDFAST_FANOUT=javascript" };
  try {
    const found: unknown = createRequire(import.meta.url)(path);
    const send: unknown =
      typeof found === "object" && found !== null ? Reflect.get(found, "sendEach") : undefined;
    if (typeof send !== "function")
      return { reason: `${path} is not this version's fan-out helper` };
    return { send: send as SendEach };
  } catch (error) {
    return {
      reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error),
    };
  }
}

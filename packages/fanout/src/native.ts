import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Sends `bytes` to `count` descriptors; see `native/fanout.c`. */
export type SendToAll = (
  descriptors: Int32Array,
  count: number,
  bytes: Uint8Array,
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
export type NativeLookup = { readonly send: SendToAll } | { readonly reason: string };

/** Loads the helper once; a missing or foreign binary is an answer, not a failure. */
export function loadNative(path: string = nativePath()): NativeLookup {
  if (process.env["HOLDFAST_FANOUT"] === "javascript") {
    return { reason: "switched off by HOLDFAST_FANOUT=javascript" };
  }
  try {
    const found: unknown = createRequire(import.meta.url)(path);
    const send: unknown =
      typeof found === "object" && found !== null ? Reflect.get(found, "sendToAll") : undefined;
    if (typeof send !== "function") return { reason: `${path} is not the fan-out helper` };
    return { send: send as SendToAll };
  } catch (error) {
    return {
      reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error),
    };
  }
}

import type { Clock } from "@holdfast/core";
import type { GetToken } from "../options.js";

/** Asks the application for a token, at most `timeoutMs` long. Rejects with its error, or a timeout. */
export function askToken(
  getToken: GetToken,
  clock: Clock,
  timeoutMs: number,
  abort: AbortController,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () => abort.abort());
    abort.signal.addEventListener("abort", () => {
      timer.cancel();
      reject(new Error("getToken took too long."));
    });
    // Inside `then`, so that a synchronous throw is a rejection too.
    Promise.resolve()
      .then(() => getToken({ signal: abort.signal }))
      .then((token) => resolve(token ?? undefined), reject)
      .finally(() => timer.cancel());
  });
}

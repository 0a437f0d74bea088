import { HoldfastError } from "../errors.js";
import { failed, messageOf } from "../failures.js";
import type { Settings } from "../options.js";

/**
 * Asks the application for a token, at most `connectTimeoutMs` long. One of the two callbacks
 * follows, unless the returned function calls the question off.
 */
export function askToken(
  { getToken, clock, connectTimeoutMs }: Settings,
  onToken: (token: string | undefined) => void,
  onError: (error: HoldfastError) => void,
): () => void {
  const abort = new AbortController();
  let open = true;
  const timer = clock.after(connectTimeoutMs, () => {
    fail(new Error("getToken took too long."));
    abort.abort();
  });
  const settle = (tell?: () => void) => {
    if (!open) return;
    open = false;
    timer.cancel();
    tell?.();
  };
  const fail = (cause: unknown) => {
    const reason = failed("unauthorized", messageOf(cause), true);
    settle(() =>
      onError(cause instanceof HoldfastError ? cause : new HoldfastError(reason, { cause })),
    );
  };
  // Inside `then`, so that a synchronous throw is a rejection too.
  Promise.resolve()
    .then(() => getToken?.({ signal: abort.signal }))
    .then((token) => {
      const given = token ?? undefined;
      if (given === undefined || typeof given === "string") settle(() => onToken(given));
      else fail(new TypeError("getToken gave something that is not a string."));
    }, fail);
  return () => {
    if (!open) return;
    settle();
    abort.abort();
  };
}

import { type Failure, failure } from "@holdfast/protocol";
import { isTimeout } from "./servers/errors.js";
import { CommandError } from "./servers/servers.js";

/** Replies that say the server has no room, and will not have any until somebody makes some. */
const full = /^(OOM|MISCONF|NOREPLICAS)$/;

/** What a gateway is told of a command that did not succeed. Throws what is no command's error. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof CommandError)) throw error;
  if (isTimeout(error)) return failure("timeout", undefined, { unknown: true });
  if (error.sent) {
    return failure("unavailable", `The engine's answer was lost: ${error.message}.`, {
      unknown: true,
    });
  }
  if (full.test(error.code)) {
    return failure("unavailable", `The engine refuses to write: ${error.code}.`);
  }
  if (error.code === "NOPERM") {
    return failure("internal", "The engine's user may not do this; see its ACL.");
  }
  return failure("unavailable");
}

import { unreachable } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import { StoreError } from "./servers/errors.js";

/** A field is out of its range or grammar. */
export const wrong = (field: string): Failure => failure("invalid_field", undefined, { field });

/** What a gateway is told of a request that did not succeed. Throws what is no request's error. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof StoreError)) throw error;
  switch (error.kind) {
    case "unreachable":
      return unreachable();
    case "unknown":
      return failure("timeout", `The engine's answer did not come: ${error.message}.`, {
        unknown: true,
      });
    case "contended":
      return failure("busy", "Too many gateways write to this at once.", { retryAfterMs: 100 });
    case "too_large":
      return failure("too_large");
    case "forbidden":
    case "refused":
      return failure("unavailable", `The engine refuses: ${error.message}.`);
  }
}

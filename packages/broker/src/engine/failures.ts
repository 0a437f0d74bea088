import { type Failure, failure } from "@holdfast/protocol";

/** The link was closed by its owner. */
export const closed = (): Failure => failure("closed", "The link to the engine was closed.");

/** The engine cannot be reached, and nothing was sent to it. */
export const unreachable = (): Failure => failure("unavailable");

import type { HoldfastError } from "../errors.js";
import type { Settings } from "../options.js";
import type { Requests, Wire } from "./requests.js";

/** What the parts of a client share. */
export interface Shared {
  readonly settings: Settings;
  readonly wire: Wire;
  readonly requests: Requests;
  /** Tells the application of what nobody awaits. */
  readonly report: (error: HoldfastError) => void;
}

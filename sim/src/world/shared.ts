import type { Logger } from "@holdfast/core";
import type { VirtualClock } from "@holdfast/core/testing";
import type { Recorder } from "@holdfast/probe";

/** What everybody in a simulated world shares. */
export interface SharedWorld {
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
  readonly logger: Logger | undefined;
  /** The engine cannot be reached by anybody. */
  engineDown: boolean;
}

import { type HistoryPage, isFailure } from "@holdfast/broker";
import type { Failure, Position, ResetReason } from "@holdfast/protocol";
import { restartPoint } from "./continuity.js";
import type { StateSource } from "./state/source.js";

/** Where a subscription goes on that could not go on where it stood. */
export interface Restart {
  readonly reason: ResetReason;
  readonly position: Position;
  readonly top: number;
  /** The state at `position`; present exactly where the channel has state. */
  readonly state?: unknown;
}

/** Finds where to go on, and the state there; at once for channels without state. */
export function findRestart(
  source: StateSource | undefined,
  reason: ResetReason,
  page: HistoryPage,
  maxEntries: number,
  done: (restart: Restart | Failure) => void,
): void {
  const { epoch, top } = page;
  const position = restartPoint(reason, page, maxEntries);
  if (source === undefined) {
    done({ reason, position, top });
    return;
  }
  const isFolded = source.mode !== "handler";
  // What was folded went with the life it was folded in; a handler's state did not.
  const why = isFolded && reason === "epoch_changed" ? "state_lost" : reason;
  if (isFolded && position.offset === 0) {
    done({ reason: why, position, top, state: null });
    return;
  }
  source.take({ epoch, offset: top }, (found) => {
    if (isFailure(found)) done(found);
    else done({ reason: why, top: Math.max(top, found.position.offset), ...found });
  });
}

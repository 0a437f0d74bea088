import type { HistoryEvent, HistoryFact } from "./history.js";

/** Takes facts as they happen and stamps them. */
export interface Recorder {
  record(fact: HistoryFact): HistoryEvent;
  /** Everything recorded so far, in order. */
  readonly events: readonly HistoryEvent[];
}

/**
 * A recorder in memory. `nowMs` is the clock of the stamps, in milliseconds; a reading that
 * went back counts as the last one. `onEvent` sees each event, for a copy on disk.
 */
export function createRecorder(
  nowMs: () => number,
  onEvent: (event: HistoryEvent) => void = () => {},
): Recorder {
  const events: HistoryEvent[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    events,
    record(fact) {
      lastMs = Math.max(lastMs, nowMs());
      const event: HistoryEvent = { seq: events.length + 1, atMs: lastMs, ...fact };
      events.push(event);
      onEvent(event);
      return event;
    },
  };
}

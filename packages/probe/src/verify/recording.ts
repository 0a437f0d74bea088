import type { HistoryEvent, HistoryFact } from "../checker/history.js";
import { createRecorder, type Recorder } from "../checker/recorder.js";

/** Part of the room that the load may fill; the rest is for what is still under way, and the end. */
const loadShare = 0.8;

/** A recorder with a bound. */
export interface Recording extends Pick<Recorder, "events"> {
  record(fact: HistoryFact): HistoryEvent | undefined;
  /** The load should end: only what is under way still has room. */
  readonly nearlyFull: boolean;
  /** Something was left out: the history proves nothing. */
  readonly overflowed: boolean;
}

/** A recording of at most `maxEvents` events, stamped in milliseconds since its start. */
export function createRecording(monoMs: () => number, maxEvents: number): Recording {
  const startMs = monoMs();
  const recorder = createRecorder(() => Math.round(monoMs() - startMs));
  let overflowed = false;
  return {
    events: recorder.events,
    get nearlyFull() {
      return recorder.events.length >= maxEvents * loadShare;
    },
    get overflowed() {
      return overflowed;
    },
    record(fact) {
      overflowed ||= recorder.events.length >= maxEvents;
      return overflowed ? undefined : recorder.record(fact);
    },
  };
}

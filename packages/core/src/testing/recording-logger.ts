import type { LogFields, Logger } from "../logger.js";

/** One recorded log line. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly event: string;
  readonly fields: LogFields;
}

/** A logger whose lines a test can read. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly LogLine[];
  /** The lines of one event. */
  of(event: string): readonly LogLine[];
  /** Forgets all lines. */
  clear(): void;
}

/** Makes a logger that keeps its lines. */
export function recordingLogger(): RecordingLogger {
  const lines: LogLine[] = [];
  const record =
    (level: keyof Logger) =>
    (event: string, fields: LogFields = {}): void => {
      lines.push({ level, event, fields });
    };
  return {
    debug: record("debug"),
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
    lines,
    of: (event) => lines.filter((line) => line.event === event),
    clear: () => {
      lines.length = 0;
    },
  };
}

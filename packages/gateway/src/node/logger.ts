import type { Clock, LogFields, Logger } from "@holdfast/core";
import { type DestinationStream, pino } from "pino";

/** One line per cause and this span; what came between is counted in `suppressed`. */
const WARN_INTERVAL_MS = 10_000;
/** Causes remembered; events are fixed phrases of the code, so this is never reached. */
const MAX_CAUSES = 256;

/** Names whose values are never written, whoever puts them into a field. */
const secrets = [
  "token",
  "authorization",
  "cookie",
  "apiKey",
  "password",
  "secret",
  "session",
  "data",
  "payload",
];

/** Levels of the log, least to most severe; `silent` writes nothing. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** How the log is written. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Which of several processes this is; a field of every line. */
  readonly worker?: string | undefined;
  /** Where lines go. Default: standard output. */
  readonly destination?: DestinationStream;
}

/** JSON lines by pino; repeated warnings of one cause are rate-limited, secrets are never written. */
export function createPinoLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: options.worker === undefined ? null : { worker: options.worker },
    redact: { paths: [...secrets, ...secrets.map((name) => `*.${name}`)], censor: "[secret]" },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log =
    options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  const { clock } = options;
  const causes = new Map<string, { sinceMs: number; suppressed: number }>();

  const warn = (event: string, fields: LogFields = {}): void => {
    const nowMs = clock.monoMs();
    const cause = causes.get(event);
    if (cause !== undefined && nowMs - cause.sinceMs < WARN_INTERVAL_MS) {
      cause.suppressed += 1;
      return;
    }
    if (cause === undefined && causes.size >= MAX_CAUSES) causes.clear();
    causes.set(event, { sinceMs: nowMs, suppressed: 0 });
    const suppressed = cause?.suppressed ?? 0;
    log.warn(suppressed === 0 ? fields : { ...fields, suppressed }, event);
  };

  return {
    debug: (event, fields = {}) => log.debug(fields, event),
    info: (event, fields = {}) => log.info(fields, event),
    warn,
    error: (event, fields = {}) => log.error(fields, event),
  };
}

/** Structured fields of a log line; never secrets, never payloads. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * Structured log. `event` is a stable, lower-case phrase that can be searched for;
 * everything variable goes into `fields`.
 *
 * - `debug`: what a developer follows one connection with
 * - `info`: what an operator wants to see once (started, stopping, configuration)
 * - `warn`: something was refused or degraded, the gateway goes on; rate-limited per cause
 * - `error`: a broken invariant or lost dependency; somebody should look
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** A logger that drops everything. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};

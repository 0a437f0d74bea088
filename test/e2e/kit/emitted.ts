import { appendFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LogFields, Logger } from "@holdfast/core";

// What the gateways and processes of all tests say is kept, and searched for the secrets that the tests
// have told them once the suite is over (tools/steps/emitted.mjs): no test has to think of it.

const folder = fileURLToPath(new URL("../../../.cache/emitted/", import.meta.url));
mkdirSync(folder, { recursive: true });
const said = `${folder}${process.pid}.said`;
const secrets = `${folder}${process.pid}.secrets`;
const known = new Set<string>();

/** Keeps what was said: a log line, an answer, everything a process has printed. */
export function keep(text: string): void {
  if (text !== "") appendFileSync(said, `${text}\n`);
}

/** From now on nothing may show this. Returns it. */
export function confidential(secret: string): string {
  if (!known.has(secret)) appendFileSync(secrets, `${secret}\n`);
  known.add(secret);
  return secret;
}

const keeping =
  (level: keyof Logger) =>
  (event: string, fields: LogFields = {}): void =>
    keep(JSON.stringify({ level, event, ...fields }));

/** A log that nobody reads and that is kept, down to `debug`. */
export const keptLogger: Logger = {
  debug: keeping("debug"),
  info: keeping("info"),
  warn: keeping("warn"),
  error: keeping("error"),
};

import { UsageError } from "../config/usage-error.js";
import { developmentKey } from "../serve/demo.js";
import { isLoopback } from "../serve/loopback.js";

/** What may stand in an HTTP header without being mistaken for another (RFC 9110 §5.5). */
const headerText = /^[\x21-\x7e]+$/;

/**
 * The API key of a command that calls the HTTP API: the one it was given, else the first of the
 * gateway's own list, which whoever runs both has set already, else on this machine that of the
 * development profile. Never part of a message.
 * @throws UsageError for a key no header can carry
 */
export function apiKeyFor(
  given: string,
  env: Readonly<Record<string, string | undefined>>,
  url: URL,
): string | undefined {
  const listed = (env.HOLDFAST_API_KEYS ?? "").split(",").map((key) => key.trim());
  const key = given.trim() || listed.find((each) => each !== "");
  if (key === undefined) {
    return isLoopback(url.hostname.replace(/^\[(.*)\]$/, "$1")) ? developmentKey : undefined;
  }
  if (!headerText.test(key)) {
    throw new UsageError("--api-key: expected visible ASCII characters without spaces.");
  }
  return key;
}

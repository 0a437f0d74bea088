/** Longest look at what is under an address, for the sake of a better message. */
const lookTimeoutMs = 2_000;

const certificateFaults = /^(CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;

/** Why a request to an address got no answer, as a sentence a user can act on. */
export function explainNoAnswer(address: string, cause: unknown): string {
  const { code, message } = rootOf(cause);
  if (code === "ECONNREFUSED") return `Nothing answers at ${address} (connection refused).`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `The host of ${address} is not known; is the name right?`;
  }
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") {
    return `There is no way to ${address} from this machine.`;
  }
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET") {
    return `${address} ended the connection without an answer.`;
  }
  if (code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER") {
    return `${address} does not speak TLS there; is it http: or ws:?`;
  }
  if (certificateFaults.test(code)) {
    return `The certificate of ${address} is not accepted: ${message}.`;
  }
  if (/TIMEDOUT|TIMEOUT/i.test(code)) return `${address} does not answer in time.`;
  return `${address} cannot be reached: ${message}.`;
}

/** What to do where nothing answers. */
export const reachAdvice =
  "Start a gateway with `holdfast serve --dev`, or name another address with --url.";

/** true where nobody had the request in hand, so that it cannot have been carried out. */
export function neverArrived(cause: unknown): boolean {
  const { code, message } = rootOf(cause);
  // `fetch` sends nothing to some ports (Fetch §2.9).
  if (certificateFaults.test(code) || message === "bad port") return true;
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPROTO|ERR_SSL)/.test(code);
}

/** Looks at what is under an address whose WebSocket could not be opened; a sentence that says it. */
export async function explainUnopened(http: string, webSocket: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(lookTimeoutMs);
    const response = await fetch(`${http}/health/live`, { redirect: "manual", signal });
    const isGateway = response.status === 200 && (await response.text()) === "live\n";
    return isGateway
      ? `The gateway at ${http} lives, but did not open a WebSocket at ${webSocket}; its log says why.`
      : `What answers at ${http} does not look like a Holdfast gateway.`;
  } catch (cause) {
    return explainNoAnswer(http, cause);
  }
}

/** The system's own error inside what `fetch` throws. */
function rootOf(cause: unknown): { readonly code: string; readonly message: string } {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(inner instanceof Error)) return { code: "", message: String(inner) };
  if (inner.name === "TimeoutError") return { code: "TIMEOUT", message: inner.message };
  return { code: "code" in inner ? String(inner.code) : "", message: inner.message };
}

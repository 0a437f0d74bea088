import { string } from "@holdfast/core";
import type { exitCodes } from "../cli/exit-codes.js";
import { defaultUrl } from "./client-values.js";
import { explainNoAnswer, neverArrived, reachAdvice } from "./reaching.js";

/** Flags of every command that calls the HTTP API. */
export const apiFlags = {
  url: string(defaultUrl, { unit: "", description: "Address of the gateway (HOLDFAST_URL)." }),
  apiKey: string("", {
    unit: "",
    secret: true,
    description:
      "One of the gateway's API keys (HOLDFAST_API_KEY, or the first of HOLDFAST_API_KEYS); on this machine, without one: that of the development profile.",
  }),
} as const;

/** Longest time the gateway may take to answer. */
const requestTimeoutMs = 10_000;

/** One request of the HTTP API. */
export interface ApiRequest {
  readonly address: string;
  readonly path: string;
  readonly apiKey: string | undefined;
  /** Default POST. */
  readonly method?: "GET" | "POST";
  readonly body?: object;
  /** What to say when nobody knows whether it was carried out. */
  readonly doubt: string;
}

/** What became of it. */
export interface ApiAnswer {
  readonly exit: keyof typeof exitCodes;
  /** The answer, or the reason why there is none. */
  readonly text: string;
}

/** Sends a request to the HTTP API; every outcome is a value and a sentence. */
export async function callApi({
  address,
  path,
  apiKey,
  method = "POST",
  body,
  doubt,
}: ApiRequest): Promise<ApiAnswer> {
  try {
    const response = await fetch(`${address}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = (await response.text()).trim();
    if (response.ok) return { exit: "done", text };
    return refusalOf(response.status, text, apiKey !== undefined);
  } catch (cause) {
    const reason = explainNoAnswer(address, cause);
    if (neverArrived(cause)) return { exit: "tryAgain", text: `${reason} ${reachAdvice}` };
    return { exit: "tryAgain", text: `${reason} ${doubt}`.trimEnd() };
  }
}

const noKey =
  "unauthorized: no API key was given; set HOLDFAST_API_KEY or --api-key to one of the gateway's apiKeys.";
const wrongKey =
  "unauthorized: the gateway does not know this API key; HOLDFAST_API_KEY or --api-key has to be one of its apiKeys.";

function refusalOf(status: number, text: string, hasApiKey: boolean): ApiAnswer {
  if (status === 401) return { exit: "failed", text: hasApiKey ? wrongKey : noKey };
  const problem = problemIn(text);
  if (problem === undefined) {
    return { exit: "failed", text: `HTTP ${status}: this is not the API of a Holdfast gateway.` };
  }
  const { code, detail, title, retryable, retryAfterMs } = problem;
  const said = `${code ?? status}: ${detail ?? title ?? "refused"}`;
  if (retryable !== true) return { exit: "failed", text: said };
  const wait =
    typeof retryAfterMs === "number" ? ` Try again in ${Math.ceil(retryAfterMs / 1_000)} s.` : "";
  return { exit: "tryAgain", text: `${said}${wait}` };
}

/** A problem document (RFC 9457), where the answer is one. */
function problemIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

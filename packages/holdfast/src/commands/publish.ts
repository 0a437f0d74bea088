import { boolean, string } from "@holdfast/core";
import type { Command } from "../cli/command.js";
import { exitCodes } from "../cli/exit_codes.js";
import { addressOf } from "./address.js";
import { apiKeyFor } from "./api_key.js";
import { clientValues, defaultUrl } from "./client_values.js";
import { explainNoAnswer, neverArrived, reachAdvice } from "./reaching.js";

const flags = {
  url: string(defaultUrl, { unit: "", description: "Address of the gateway (HOLDFAST_URL)." }),
  apiKey: string("", {
    unit: "",
    secret: true,
    description:
      "One of the gateway's API keys (HOLDFAST_API_KEY, or the first of HOLDFAST_API_KEYS).",
  }),
  key: string("", {
    unit: "",
    description: "Publish key: a repeat with the same key is one publication.",
  }),
  user: string("", { unit: "", description: "User the publication is stamped with." }),
  ephemeral: boolean(false, { unit: "", description: "Sends it without storing it." }),
} as const;

/** Longest time the gateway may take to answer. */
const requestTimeoutMs = 10_000;

/** `holdfast publish`: appends one publication through the HTTP API. */
export const publishCommand: Command = {
  name: "publish",
  usage: "<channel> <data> [flags]",
  operands: ["channel", "data"],
  summary: "Publishes to a channel through the HTTP API, and prints where it stands.",
  details: ["The data is JSON; what is no JSON is published as a text."],
  examples: [
    `holdfast publish chat:lobby '{"text":"hi"}'`,
    "holdfast publish chat:lobby 'hi' --key m-1 --user ada",
  ],
  exits: {
    0: "It was published; the answer is on standard output.",
    1: "The gateway refused it.",
    3: exitCodes.tryAgain.meaning,
  },
  options: flags,
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "apiKey"], terminal, args);
    const [channel = "", text = ""] = args.positionals;
    const { http } = addressOf(values.url);
    const sent = await send({
      address: http,
      apiKey: apiKeyFor(values.apiKey, terminal.env, new URL(http)),
      hasKey: values.key !== "",
      body: {
        channel,
        data: parseData(text),
        ...(values.key === "" ? {} : { key: values.key }),
        ...(values.user === "" ? {} : { user: values.user }),
        ...(values.ephemeral ? { ephemeral: true } : {}),
      },
    });
    (sent.exit === "done" ? terminal.print : terminal.note)(sent.text);
    return exitCodes[sent.exit].code;
  },
};

interface Request {
  readonly address: string;
  readonly apiKey: string | undefined;
  /** A publish key makes a repeat safe. */
  readonly hasKey: boolean;
  readonly body: object;
}

interface Sent {
  readonly exit: keyof typeof exitCodes;
  readonly text: string;
}

async function send({ address, apiKey, hasKey, body }: Request): Promise<Sent> {
  try {
    const response = await fetch(`${address}/api/publish`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = (await response.text()).trim();
    if (response.ok) return { exit: "done", text };
    return refusalOf(response.status, text, apiKey !== undefined);
  } catch (cause) {
    const reason = explainNoAnswer(address, cause);
    if (neverArrived(cause)) return { exit: "tryAgain", text: `${reason} ${reachAdvice}` };
    const repeat = hasKey
      ? "repeat the command: with its --key it is published once."
      : "with a --key a repeat would be safe.";
    return { exit: "tryAgain", text: `${reason} It may have been published; ${repeat}` };
  }
}

const noKey =
  "unauthorized: no API key was given; set HOLDFAST_API_KEY or --api-key to one of the gateway's apiKeys.";
const wrongKey =
  "unauthorized: the gateway does not know this API key; HOLDFAST_API_KEY or --api-key has to be one of its apiKeys.";

function refusalOf(status: number, text: string, hasApiKey: boolean): Sent {
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

function parseData(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

import { boolean, string } from "@holdfast/core";
import type { Command } from "../cli/command.js";
import { UsageError } from "../config/usage_error.js";
import { addressOf } from "./address.js";
import { clientValues, defaultUrl } from "./client_values.js";

const flags = {
  url: string(defaultUrl, { unit: "", description: "Address of the gateway (HOLDFAST_URL)." }),
  apiKey: string("", {
    unit: "",
    secret: true,
    description: "One of the gateway's API keys (HOLDFAST_API_KEY).",
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
  usage: "<channel> <data> [flags]     data is JSON, or else taken as a text",
  summary: "Publishes to a channel through the HTTP API.",
  options: flags,
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "apiKey"], terminal, args);
    const [channel, text, ...more] = args.positionals;
    if (channel === undefined || text === undefined || more.length > 0) {
      throw new UsageError("Expected a channel and its data: holdfast publish chat:lobby '\"hi\"'");
    }
    const { http } = addressOf(values.url);
    const body = {
      channel,
      data: parseData(text),
      ...(values.key === "" ? {} : { key: values.key }),
      ...(values.user === "" ? {} : { user: values.user }),
      ...(values.ephemeral ? { ephemeral: true } : {}),
    };
    const sent = await send(`${http}/api/publish`, values.apiKey, body);
    (sent.ok ? terminal.print : terminal.note)(sent.text);
    return sent.ok ? 0 : 1;
  },
};

interface Sent {
  readonly ok: boolean;
  readonly text: string;
}

async function send(url: string, apiKey: string, body: object): Promise<Sent> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(apiKey === "" ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = (await response.text()).trim();
    return { ok: response.ok, text: response.ok ? text : explainRefusal(response.status, text) };
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
    const detail = reason instanceof Error ? reason.message : String(reason);
    return { ok: false, text: `${url} cannot be reached: ${detail}` };
  }
}

function explainRefusal(status: number, text: string): string {
  if (status === 401) {
    return "unauthorized: the gateway does not know this API key; set HOLDFAST_API_KEY to one of its apiKeys.";
  }
  try {
    const { code, detail, title } = JSON.parse(text);
    return `${code ?? status}: ${detail ?? title ?? "refused"}`;
  } catch {
    return `${status}: ${text}`;
  }
}

function parseData(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

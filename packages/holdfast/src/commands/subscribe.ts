import { connect, type HoldfastError, type Publication } from "@holdfast/client";
import { boolean, integer, string } from "@holdfast/core";
import type { Command, Terminal } from "../cli/command.js";
import { exitCodes } from "../cli/exit-codes.js";
import { addressOf } from "./address.js";
import { clientValues, defaultUrl } from "./client-values.js";
import { ConnectionNotes } from "./connection-notes.js";

const flags = {
  url: string(defaultUrl, { unit: "", description: "Address of the gateway (HOLDFAST_URL)." }),
  token: string("", {
    unit: "",
    secret: true,
    description: "Connection token (HOLDFAST_TOKEN); without one the connection is anonymous.",
  }),
  last: integer(0, {
    unit: "count",
    min: 0,
    max: 10_000,
    description: "Publications of the history to begin with.",
  }),
  count: integer(0, {
    unit: "count",
    min: 0,
    description: "Ends after so many publications; 0 goes on until it is stopped.",
  }),
  quiet: boolean(false, { unit: "", description: "Says nothing about the connection." }),
} as const;

/** `holdfast subscribe`: prints a channel's publications, one JSON object a line. */
export const subscribeCommand: Command = {
  name: "subscribe",
  usage: "<channel> [flags]",
  operands: ["channel"],
  summary: "Prints a channel's publications as they come, one JSON object a line.",
  details: [
    "It reconnects by itself and resumes where it was; notes about that go to standard error.",
  ],
  examples: [
    "holdfast subscribe chat:lobby --last 10",
    "holdfast subscribe chat:lobby --count 1 --quiet | jq .data",
  ],
  exits: {
    0: "--count publications were printed, or it was stopped.",
    1: "The gateway refused the connection or the subscription.",
  },
  options: flags,
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "token"], terminal, args);
    const [channel = ""] = args.positionals;
    const { http, webSocket } = addressOf(values.url);
    const note = values.quiet ? () => {} : (line: string) => terminal.note(line);
    const token = values.token === "" ? undefined : values.token;
    const client = connect(webSocket, { getToken: () => token });
    const notes = new ConnectionNotes({ http, webSocket, note });
    client.on("state", (state) => void notes.take(state));
    const hasToken = token !== undefined;
    try {
      return await print({ client, channel, terminal, note, hasToken, ...values });
    } finally {
      client.close();
    }
  },
};

interface Printing {
  readonly client: ReturnType<typeof connect>;
  readonly channel: string;
  readonly terminal: Terminal;
  readonly note: (line: string) => void;
  readonly hasToken: boolean;
  readonly last: number;
  readonly count: number;
}

async function print(printing: Printing): Promise<number> {
  const { client, channel, terminal, note, last, count } = printing;
  const signal = terminal.stopped;
  try {
    const subscription = await client.channel(channel).subscribe({ last, signal });
    note(`Subscribed to ${channel}.`);
    subscription.on("subscribed", ({ resumed }) => {
      if (resumed) note("Connected again: nothing was missed.");
    });
    subscription.on("reset", ({ reason }) => {
      note(`History was reset (${reason}): what follows does not continue what was printed.`);
    });
    let left = count;
    for await (const publication of subscription) {
      terminal.print(lineOf(publication));
      left -= 1;
      if (left === 0) break;
    }
    return exitCodes.done.code;
  } catch (cause) {
    if (signal.aborted) return exitCodes.done.code;
    if (!isHoldfastError(cause)) throw cause;
    terminal.note(explainRefusal(cause, printing));
    return exitCodes.failed.code;
  }
}

function explainRefusal({ code, message }: HoldfastError, { hasToken }: Printing): string {
  if (code !== "unauthorized") return `${code}: ${message}`;
  return hasToken
    ? "unauthorized: the gateway does not accept this token; it may have ended, or another secret has signed it."
    : "unauthorized: this gateway takes nobody without a token; set HOLDFAST_TOKEN or --token (holdfast token signs one).";
}

function lineOf({
  offset,
  id,
  timeMs,
  user,
  data,
  bytes,
  tags,
  meta,
}: Publication<unknown>): string {
  const encoded = bytes === undefined ? {} : { bytes: Buffer.from(bytes).toString("base64") };
  return JSON.stringify({ offset, id, timeMs, user, data, ...encoded, tags, meta });
}

function isHoldfastError(cause: unknown): cause is HoldfastError {
  return cause instanceof Error && cause.name === "HoldfastError";
}

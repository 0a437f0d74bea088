import { connect, type HoldfastError, type Publication } from "@holdfast/client";
import { boolean, integer, string } from "@holdfast/core";
import type { Command, Terminal } from "../cli/command.js";
import { UsageError } from "../config/usage_error.js";
import { addressOf } from "./address.js";
import { clientValues, defaultUrl } from "./client_values.js";

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
  summary: "Prints a channel's publications as they come, across reconnects.",
  options: flags,
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "token"], terminal, args);
    const [channel, ...more] = args.positionals;
    if (channel === undefined || more.length > 0) {
      throw new UsageError("Expected one channel: holdfast subscribe chat:lobby");
    }
    const { webSocket } = addressOf(values.url);
    const note = values.quiet ? () => {} : (line: string) => terminal.note(line);
    const token = values.token === "" ? undefined : values.token;
    const client = connect(webSocket, { getToken: () => token });
    client.on("state", ({ now, reason }) => {
      if (now === "waiting") note(`Connection lost (${reason ?? "unknown"}); trying again.`);
    });
    try {
      return await print({ client, channel, terminal, note, ...values });
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
  readonly last: number;
  readonly count: number;
}

async function print(printing: Printing): Promise<number> {
  const { client, channel, terminal, note, last, count } = printing;
  const signal = terminal.stopped;
  try {
    const subscription = await client.channel(channel).subscribe({ last, signal });
    note(`Subscribed to ${channel}.`);
    subscription.on("reset", ({ reason }) => note(`History was reset: ${reason}.`));
    let left = count;
    for await (const publication of subscription) {
      terminal.print(lineOf(publication));
      left -= 1;
      if (left === 0) break;
    }
    return 0;
  } catch (cause) {
    if (signal.aborted) return 0;
    if (!isHoldfastError(cause)) throw cause;
    terminal.note(`${cause.code}: ${cause.message}`);
    return 1;
  }
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

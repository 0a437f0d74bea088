import { boolean, string } from "@holdfast/core";
import type { Command } from "../cli/command.js";
import { exitCodes } from "../cli/exit-codes.js";
import { addressOf } from "./address.js";
import { apiKeyFor } from "./api-key.js";
import { apiFlags, callApi } from "./api-request.js";
import { clientValues } from "./client-values.js";

const flags = {
  ...apiFlags,
  key: string("", {
    unit: "",
    description: "Publish key: a repeat with the same key is one publication.",
  }),
  user: string("", { unit: "", description: "User the publication is stamped with." }),
  ephemeral: boolean(false, { unit: "", description: "Sends it without storing it." }),
} as const;

/** `holdfast publish`: appends one publication through the HTTP API. */
export const publishCommand: Command = {
  name: "publish",
  usage: "<channel> <data> [flags]",
  operands: ["channel", "data"],
  summary: "Publishes to a channel through the HTTP API, and prints where it stands.",
  details: ["The data is JSON; anything that is not JSON is published as a string."],
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
    const sent = await callApi({
      address: http,
      path: "/api/publish",
      apiKey: apiKeyFor(values.apiKey, terminal.env, new URL(http)),
      doubt:
        values.key === ""
          ? "It may have been published; with a --key a repeat would be safe."
          : "It may have been published; repeat the command: with its --key it is published once.",
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

function parseData(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

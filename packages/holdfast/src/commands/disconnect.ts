import { string } from "@holdfast/core";
import type { Command } from "../cli/command.js";
import { exitCodes } from "../cli/exit-codes.js";
import { UsageError } from "../config/usage-error.js";
import { addressOf } from "./address.js";
import { apiKeyFor } from "./api-key.js";
import { apiFlags, callApi } from "./api-request.js";
import { clientValues } from "./client-values.js";

const flags = {
  ...apiFlags,
  user: string("", { unit: "", description: "Ends every connection of this user." }),
  member: string("", {
    unit: "",
    description: "Ends the connection of one client session, by its member as presence shows it.",
  }),
} as const;

/** `holdfast disconnect`: ends connections on every gateway. */
export const disconnectCommand: Command = {
  name: "disconnect",
  usage: "--user <name> [flags]",
  operands: [],
  summary: "Ends the connections of a user or a client session on every gateway.",
  details: [
    "Whoever was disconnected may connect again, unless the token was revoked: holdfast revoke.",
  ],
  examples: ["holdfast disconnect --user ada"],
  exits: {
    0: "Every gateway does it within 2 s.",
    1: "The gateway refused it.",
    3: exitCodes.tryAgain.meaning,
  },
  options: flags,
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "apiKey"], terminal, args);
    if ((values.user === "") === (values.member === "")) {
      throw new UsageError("holdfast disconnect: give exactly one of --user and --member.");
    }
    const { http } = addressOf(values.url);
    const { exit, text } = await callApi({
      address: http,
      path: "/api/disconnect",
      apiKey: apiKeyFor(values.apiKey, terminal.env, new URL(http)),
      body: values.user === "" ? { member: values.member } : { user: values.user },
      doubt: "It may have been carried out; to repeat it does no harm.",
    });
    if (exit === "done") terminal.note("Disconnected.");
    else terminal.note(text);
    return exitCodes[exit].code;
  },
};

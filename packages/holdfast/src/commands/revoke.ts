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
  user: string("", { unit: "", description: "Revokes every token of this user." }),
  before: string("", {
    unit: "",
    description: "With --user: only tokens issued before this time (ISO 8601). Empty: before now.",
  }),
  tokenId: string("", { unit: "", description: "Revokes the token with this `jti`." }),
} as const;

/** `holdfast revoke`: revokes tokens on every gateway. */
export const revokeCommand: Command = {
  name: "revoke",
  usage: "--user <name> | --token-id <jti> [flags]",
  operands: [],
  summary: "Revokes a token, or all tokens a user has been given so far, on every gateway.",
  details: [
    "Open connections under it end within 2 s; it is refused for as long as it could have lived (maxTokenLifeMs).",
  ],
  examples: [
    "holdfast revoke --user ada",
    "holdfast revoke --user ada --before 2026-03-01T12:00:00Z",
    "holdfast revoke --token-id 0b6f1c",
  ],
  exits: {
    0: "Every gateway knows it within 2 s.",
    1: "The gateway refused it.",
    3: exitCodes.tryAgain.meaning,
  },
  options: flags,
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "apiKey"], terminal, args);
    const { http } = addressOf(values.url);
    const { exit, text } = await callApi({
      address: http,
      path: "/api/revoke",
      apiKey: apiKeyFor(values.apiKey, terminal.env, new URL(http)),
      body: bodyOf(values),
      doubt: "It may have been carried out; repeating it does no harm.",
    });
    if (exit === "done") terminal.note("Revoked.");
    else terminal.note(text);
    return exitCodes[exit].code;
  },
};

function bodyOf(values: { user: string; before: string; tokenId: string }): object {
  const { user, before, tokenId } = values;
  if ((user === "") === (tokenId === "")) {
    throw new UsageError("holdfast revoke: give exactly one of --user and --token-id.");
  }
  if (tokenId !== "" && before !== "") {
    throw new UsageError("--before: goes with --user.");
  }
  if (tokenId !== "") return { tokenId };
  if (before === "") return { user };
  const beforeMs = Date.parse(before);
  if (Number.isNaN(beforeMs)) {
    throw new UsageError("--before: expected a time such as 2026-03-01T12:00:00Z.");
  }
  return { user, beforeMs };
}

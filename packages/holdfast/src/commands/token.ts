import { string } from "@holdfast/core";
import type { Action, Capabilities } from "@holdfast/protocol";
import type { Arguments } from "../cli/arguments.js";
import type { Command, Terminal } from "../cli/command.js";
import { actions, complaintsAboutCapabilities } from "../config/channel_rules.js";
import { options } from "../config/server_options.js";
import { UsageError } from "../config/usage_error.js";
import { requireSecret, signToken } from "../serve/token.js";
import { configFlag, configurationOf } from "./configuration.js";

const ownFlags = {
  user: string("", { unit: "", description: "User the token stands for." }),
  can: string("", {
    unit: "",
    description: `What it may do: "chat:*=subscribe,publish"; may be repeated. Without "=": everything but call.`,
  }),
  expires: string("1h", { unit: "", description: "Life of the token: 90s, 15m, 1h, 7d." }),
} as const;

/** `holdfast token`: signs a connection token with the configured secret. */
export const tokenCommand: Command = {
  name: "token",
  usage: '--user <name> --can "chat:*=subscribe,publish" [--expires 1h]',
  summary: "Signs a connection token with tokenSecret.",
  options: {
    ...ownFlags,
    ...configFlag,
    tokenSecret: options.tokenSecret,
    tokenIssuer: options.tokenIssuer,
    tokenAudience: options.tokenAudience,
  },
  run: async (terminal: Terminal, args: Arguments) => {
    const configuration = configurationOf(terminal, args, Object.keys(ownFlags));
    const last = (flag: string) => args.flags.get(flag)?.at(-1);
    const user = last("user");
    if (user === undefined) throw new UsageError('--user is missing: --user "ada".');
    requireSecret(configuration.options.tokenSecret);
    const token = await signToken(configuration.options, {
      user: String(user),
      can: readCapabilities((args.flags.get("can") ?? []).map(String)),
      lifeSeconds: readLife(String(last("expires") ?? ownFlags.expires.default)),
      nowSeconds: Math.floor(Date.now() / 1000),
    });
    terminal.print(token);
    return 0;
  },
};

/**
 * Reads `chat:*=subscribe,publish`; a pattern alone permits everything with its channels.
 * @throws UsageError for a pattern or an action that does not exist
 */
export function readCapabilities(texts: readonly string[]): Capabilities {
  const everything = actions.filter((action) => action !== "call");
  const can: Record<string, readonly Action[]> = {};
  for (const text of texts) {
    const [pattern = "", listed] = text.split("=", 2);
    const names = listed === undefined ? everything : listed.split(",").map((name) => name.trim());
    can[pattern] = names as readonly Action[];
  }
  const complaints = complaintsAboutCapabilities("--can", can);
  if (complaints.length > 0) throw new UsageError(complaints.join("\n"));
  return can;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Reads a life of a token in seconds.
 * @throws UsageError unless it is a number with s, m, h or d, of a second to a year
 */
export function readLife(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (unitSeconds[unit] ?? 0);
  if (seconds < 1 || seconds > 366 * 86_400) {
    throw new UsageError(
      "--expires: expected a life of at most a year such as 90s, 15m, 1h or 7d.",
    );
  }
  return seconds;
}

import { string } from "@holdfast/core";
import type { Action, Capabilities } from "@holdfast/protocol";
import type { Arguments } from "../cli/arguments.js";
import type { Command, Terminal } from "../cli/command.js";
import { exitCodes } from "../cli/exit-codes.js";
import {
  actions,
  complaintsAboutCapabilities,
  complaintsAboutIdleCapabilities,
  isCallName,
} from "../config/channel-rules.js";
import { options } from "../config/server-options.js";
import { UsageError } from "../config/usage-error.js";
import { requireSecret, signToken } from "../serve/token.js";
import { configFlag, configurationOf } from "./configuration.js";

/** RFC 7519 sets no bound for `sub`; the gateway takes no longer one. */
const maxUserChars = 256;

const ownFlags = {
  user: string("", { unit: "", description: "User the token stands for." }),
  can: string("", {
    unit: "",
    description: `What it may do: "chat:*=subscribe,publish"; may be repeated. Without "=": everything with the channels, or the call of this name.`,
  }),
  expires: string("1h", { unit: "", description: "Life of the token: 90s, 15m, 1h, 7d." }),
} as const;

/** `holdfast token`: signs a connection token with the configured secret. */
export const tokenCommand: Command = {
  name: "token",
  usage: '--user <name> --can "chat:*=subscribe,publish" [--expires 1h]',
  operands: [],
  summary: "Signs a connection token with tokenSecret, and prints it alone on standard output.",
  details: [
    "tokenSecret comes from HOLDFAST_TOKEN_SECRET or the configuration file, the same as the gateway's.",
    "What the token permits, and until when, is printed on standard error.",
  ],
  examples: [
    'holdfast token --user ada --can "chat:*"',
    'holdfast token --user bot --can "news:*=publish" --can "chat.rename=call" --expires 7d',
    'HOLDFAST_TOKEN=$(holdfast token --user ada --can "chat:*") holdfast subscribe chat:lobby',
  ],
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
    const user = readUser(last("user"));
    requireSecret(configuration.options.tokenSecret);
    const can = readCapabilities((args.flags.get("can") ?? []).map(String));
    const lifeSeconds = readLife(String(last("expires") ?? ownFlags.expires.default));
    const nowSeconds = Math.floor(Date.now() / 1000);
    const token = await signToken(configuration.options, { user, can, lifeSeconds, nowSeconds });
    terminal.print(token);
    for (const line of explanationOf(user, can, nowSeconds + lifeSeconds)) terminal.note(line);
    return exitCodes.done.code;
  },
};

/** The name a token may carry: what the gateway takes as `sub`. */
function readUser(given: string | boolean | undefined): string {
  const user = given === undefined ? "" : String(given);
  if (user !== "" && user.length <= maxUserChars) return user;
  const fault = given === undefined ? "is missing" : `has to have 1 to ${maxUserChars} characters`;
  throw new UsageError(`--user ${fault}: --user "ada".`);
}

function explanationOf(user: string, can: Capabilities, endsSeconds: number): string[] {
  const until = new Date(endsSeconds * 1000).toISOString().replace(".000", "");
  const rows = Object.entries(can).map(([pattern, listed]) => `  ${pattern}: ${listed.join(", ")}`);
  if (rows.length > 0) return [`${user} may, until ${until}:`, ...rows];
  return [
    `${user} may connect until ${until}, and nothing else: give --can "chat:*", unless an authorize handler decides.`,
  ];
}

/**
 * Reads `chat:*=subscribe,publish`; a pattern alone permits everything with its channels.
 * @throws UsageError for a pattern or an action that does not exist
 */
function readCapabilities(texts: readonly string[]): Capabilities {
  const everything = actions.filter((action) => action !== "call");
  const can: Record<string, readonly Action[]> = {};
  for (const text of texts) {
    const [pattern = "", listed] = text.split("=", 2);
    const implied = isCallName(pattern) ? (["call"] as const) : everything;
    const names = listed === undefined ? implied : listed.split(",").map((name) => name.trim());
    // The same pattern twice permits both lists.
    can[pattern] = [...new Set([...(can[pattern] ?? []), ...names])] as readonly Action[];
  }
  const complaints = complaintsAboutCapabilities("--can", can);
  if (complaints.length === 0) complaints.push(...complaintsAboutIdleCapabilities("--can", can));
  if (complaints.length > 0) throw new UsageError(complaints.join("\n"));
  return can;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Reads a life of a token in seconds.
 * @throws UsageError unless it is a number with s, m, h or d, of a second to a year
 */
function readLife(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (unitSeconds[unit] ?? 0);
  if (seconds < 1 || seconds > 366 * 86_400) {
    throw new UsageError(
      "--expires: expected a life of at most a year such as 90s, 15m, 1h or 7d.",
    );
  }
  return seconds;
}

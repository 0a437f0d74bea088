import {
  boolean,
  integer,
  type OptionDeclaration,
  type OptionValues,
  string,
  strings,
} from "@holdfast/core";
import { settings } from "@holdfast/gateway";
import type { Capabilities } from "@holdfast/protocol";

const noCapabilities: OptionDeclaration<Capabilities> = {
  kind: "json",
  default: {},
  unit: "",
  description:
    'What connections without a token may do, as JSON: {"chat:*":["subscribe"]}. Empty: they are refused.',
};

/** What `holdfast serve` itself is told, declared once for file, environment, flags and reference page. */
export const serverOptions = {
  host: string("127.0.0.1", {
    unit: "",
    description: "Address to listen on; 0.0.0.0 or :: for every interface.",
  }),
  port: integer(8000, {
    unit: "",
    min: 0,
    max: 65_535,
    description: "TCP port to listen on; 0 picks a free one and prints it.",
  }),
  broker: string("memory:", {
    unit: "",
    description: "URL of the engine that keeps and fans out publications.",
  }),
  dev: boolean(false, {
    unit: "",
    description:
      "Development profile: the demo at / and open demo channels. Only on a loopback address.",
  }),
  apiKeys: strings([], {
    unit: "",
    secret: true,
    description:
      "Keys that POST /api/publish accepts as a bearer. Empty: the API refuses everybody.",
  }),
  tokenSecret: string("", {
    unit: "",
    secret: true,
    description:
      "Secret of at least 32 bytes that signs and verifies connection tokens (JWT, HS256). Empty: no token is valid.",
  }),
  tokenIssuer: string("", {
    unit: "",
    description: "Required `iss` of a connection token. Empty: not looked at.",
  }),
  tokenAudience: string("", {
    unit: "",
    description: "Required `aud` of a connection token. Empty: not looked at.",
  }),
  origins: strings([], {
    unit: "",
    description:
      "Web origins (https://app.example, https://*.app.example) whose pages may connect besides the gateway's own; * for every origin.",
  }),
  anonymous: noCapabilities,
  logLevel: string("info", {
    unit: "",
    choices: ["debug", "info", "warn", "error", "silent"],
    description: "Least important level that is logged.",
  }),
} as const;

/** Every option of `holdfast serve`: its own and the gateway's limits and times. */
export const options = { ...serverOptions, ...settings } as const;

/** Resolved values of every option. */
export type Options = OptionValues<typeof options>;

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

const capabilities = (description: string): OptionDeclaration<Capabilities> => ({
  kind: "json",
  default: {},
  unit: "",
  description,
});

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
  workers: string("1", {
    unit: "",
    description:
      "Processes that serve the port together, or auto: one for each processor. More than one need an engine that processes can share.",
  }),
  workerPort: integer(0, {
    unit: "",
    min: 0,
    max: 65_535,
    description:
      "With workers: port on 127.0.0.1 on which worker 1 also answers alone, worker 2 on the next one and so on, for health and metrics of each. 0: none.",
  }),
  broker: string("memory:", {
    unit: "",
    description:
      "URL of the engine that keeps and fans out publications: memory:, file:./data (this machine's disk, one process), or one that gateways share, such as redis://host:6379. Several URLs, separated by spaces, share the channels out (docs/engines.md).",
  }),
  dev: boolean(false, {
    unit: "",
    description:
      "Development profile: the demo at /, open demo channels, and the API key holdfast-development unless apiKeys is set. Only on a loopback address.",
  }),
  apiKeys: strings([], {
    unit: "",
    secret: true,
    description:
      "Keys that the HTTP API accepts as bearer tokens. Each opens all of it: publish, read any state, list gateways, issue tickets, disconnect, revoke. Empty: it accepts none.",
  }),
  tokenSecret: string("", {
    unit: "",
    secret: true,
    description:
      "Secret of at least 32 bytes that signs and verifies connection tokens (JWT, HMAC). Without this, a public key or a key set, no token is valid.",
  }),
  tokenIssuer: string("", {
    unit: "",
    description: "Required `iss` of a connection token. Empty: not checked.",
  }),
  tokenPublicKeyFiles: strings([], {
    unit: "",
    description:
      "Files with a public key or certificate in PEM that verify connection tokens (RS, PS, ES, EdDSA).",
  }),
  tokenKeySetUrl: string("", {
    unit: "",
    description:
      "https: URL of a JWK set (RFC 7517) that verifies connection tokens; fetched again every 10 minutes, and for a key it does not hold yet.",
  }),
  tokenKeySetPrivate: boolean(false, {
    unit: "",
    description:
      "The JWK set may be fetched by http: and from addresses of this machine and its networks.",
  }),
  tokenAlgorithms: strings([], {
    unit: "",
    description:
      "Algorithms a connection token may be signed with. Empty: all the keys can verify.",
  }),
  tokenClockToleranceMs: integer(5_000, {
    unit: "ms",
    min: 0,
    max: 300_000,
    description:
      "How far the token issuer's clock may be ahead, for `nbf` and `iat`; never for `exp`.",
  }),
  tokenAudience: string("", {
    unit: "",
    description: "Required `aud` of a connection token. Empty: not checked.",
  }),
  tlsCertFile: string("", {
    unit: "",
    description:
      "Certificate and its chain in PEM for https: and wss:, read again when it changes. Empty: plain HTTP.",
  }),
  tlsKeyFile: string("", {
    unit: "",
    description: "Private key of the certificate in PEM, read again when it changes.",
  }),
  tlsSelfSigned: boolean(false, {
    unit: "",
    description:
      "Serves https: and wss: with a self-signed certificate made at start-up. For development.",
  }),
  origins: strings([], {
    unit: "",
    description:
      "Web origins (https://app.example, https://*.app.example) whose pages may connect besides the gateway's own; * for every origin.",
  }),
  metricsPublic: boolean(false, {
    unit: "",
    description:
      "Shows /metrics to everybody. Otherwise to this machine, and to requests with an API key.",
  }),
  compression: boolean(false, {
    unit: "",
    description:
      "Messages are compressed (permessage-deflate) for clients that offer it, once for all of them.",
  }),
  trustedProxies: strings([], {
    unit: "",
    description:
      "Proxies whose X-Forwarded-For is believed, as addresses or ranges (10.0.0.0/8), so that limits by address count their clients. Empty: none.",
  }),
  queryTokens: boolean(false, {
    unit: "",
    description:
      "A token may also come as ?token= or ?ticket= in the address, where proxies log it. For clients that can do nothing else.",
  }),
  anonymous: capabilities(
    'What connections without a token may do, as JSON: {"chat:*":["subscribe"]}. Empty: they are refused.',
  ),
  authenticated: capabilities(
    'What every connection with a user may do in addition to what its token permits, as JSON; {sub} is the user\'s own name: {"user:{sub}:*":["subscribe"]}.',
  ),
  logLevel: string("info", {
    unit: "",
    choices: ["debug", "info", "warn", "error", "silent"],
    description: "Lowest level that is logged; the default of the development profile is warn.",
  }),
} as const;

/**
 * `drainMs` of the development profile, where nothing else is said: its pages have no other gateway
 * to go to, and somebody waits at the terminal.
 */
export const developmentDrainMs = 1_000;

/** The gateway's limits and times, as `holdfast serve` takes them. */
export const limits = {
  ...settings,
  drainMs: {
    ...settings.drainMs,
    description: `${settings.drainMs.description} The default of the development profile is ${developmentDrainMs}.`,
  },
} as const;

/** Every option of `holdfast serve`: its own and the gateway's limits and times. */
export const options = { ...serverOptions, ...limits } as const;

/** Resolved values of every option. */
export type Options = OptionValues<typeof options>;

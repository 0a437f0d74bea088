import { defaultsOf } from "@holdfast/core";
import {
  type ChannelRules,
  type GatewayOptions,
  type Settings,
  settings,
  type TlsOptions,
} from "@holdfast/gateway";
import { compileJsonSchema } from "../config/json-schema.js";
import type { Configuration } from "../config/resolve.js";
import { developmentDrainMs, type Options } from "../config/server-options.js";
import { UsageError } from "../config/usage-error.js";
import { tokenAuthenticator } from "./authenticator.js";
import { demoCapabilities, demoRules, developmentKey } from "./demo.js";
import { isLoopback } from "./loopback.js";

/** The part of a gateway's options that a configuration decides. */
export type Profile = Pick<
  GatewayOptions,
  | "broker"
  | "anonymous"
  | "authenticated"
  | "authenticate"
  | "apiKeys"
  | "channels"
  | "logLevel"
  | "origins"
  | "queryTokens"
  | "compression"
  | "metrics"
  | "trustedProxies"
  | "checkHost"
  | "settings"
  | "tls"
>;

/**
 * Turns a configuration into options of a gateway. What is not permitted is refused: without
 * `dev`, `anonymous` and `tokenSecret` nobody can connect.
 * @throws UsageError for a development profile beyond loopback and for a weak secret
 */
export function profileOf({ options, channels, sources }: Configuration): Profile {
  if (options.dev && !isLoopback(options.host)) {
    throw new UsageError(
      `The development profile lets everybody use the demo channels, so it only listens on a loopback address, not on ${options.host}. Leave --host out, or leave --dev out.`,
    );
  }
  const authenticate = tokenAuthenticator(options);
  const tls = tlsOf(options);
  const anonymous = options.dev ? { ...demoCapabilities, ...options.anonymous } : options.anonymous;
  return {
    broker: options.broker,
    channels: compiled(options.dev ? withDemoRules(channels) : channels),
    apiKeys: options.dev && options.apiKeys.length === 0 ? [developmentKey] : options.apiKeys,
    origins: options.origins,
    authenticated: options.authenticated,
    queryTokens: options.queryTokens,
    compression: options.compression,
    metrics: { public: options.metricsPublic },
    trustedProxies: options.trustedProxies,
    checkHost: options.dev,
    logLevel: levelOf(options.dev && sources.logLevel === "default" ? "warn" : options.logLevel),
    settings:
      options.dev && sources.drainMs === "default"
        ? { ...settingsOf(options), drainMs: developmentDrainMs }
        : settingsOf(options),
    ...(Object.keys(anonymous).length === 0 ? {} : { anonymous }),
    ...(authenticate === undefined ? {} : { authenticate }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function tlsOf({ tlsCertFile, tlsKeyFile, tlsSelfSigned }: Options): TlsOptions | undefined {
  if ((tlsCertFile === "") !== (tlsKeyFile === "")) {
    const missing = tlsCertFile === "" ? "tlsCertFile" : "tlsKeyFile";
    throw new UsageError(`${missing} is not set: a certificate and its key go together.`);
  }
  if (tlsCertFile === "") return undefined;
  if (tlsSelfSigned) {
    throw new UsageError(
      "tlsSelfSigned makes a certificate, and tlsCertFile names one: leave one out.",
    );
  }
  return { certFile: tlsCertFile, keyFile: tlsKeyFile };
}

/** true when a profile lets nobody connect. */
export function isClosed({ anonymous, authenticate }: Profile): boolean {
  return anonymous === undefined && authenticate === undefined;
}

/** The rules with their schemas compiled; the configuration has refused those that cannot be. */
function compiled(rules: Configuration["channels"]): ChannelRules {
  return Object.fromEntries(
    Object.entries(rules).map(([pattern, { schema, ...rule }]) => {
      const outcome = schema === undefined ? undefined : compileJsonSchema(schema);
      return [pattern, outcome?.ok ? { ...rule, schema: outcome.schema } : rule];
    }),
  );
}

function withDemoRules(channels: Configuration["channels"]): Configuration["channels"] {
  const added = Object.entries(demoRules).filter(([pattern]) => !Object.hasOwn(channels, pattern));
  return { ...channels, ...Object.fromEntries(added) };
}

function settingsOf(options: Configuration["options"]): Settings {
  const values: Record<string, unknown> = { ...defaultsOf(settings) };
  for (const [name, value] of Object.entries(options)) {
    if (Object.hasOwn(settings, name)) values[name] = value;
  }
  return values as Settings;
}

const levels = ["debug", "info", "warn", "error", "silent"] as const;

function levelOf(level: string): (typeof levels)[number] {
  return levels.find((each) => each === level) ?? "info";
}

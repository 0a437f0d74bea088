import type { Broker, Engines } from "@holdfast/broker";
import { defaultsOf, type Logger } from "@holdfast/core";
import type { AuthenticateHandler, AuthorizeHandler, Capabilities } from "@holdfast/protocol";
import type { CallDefinitions, ChannelRules } from "../core-contract.js";
import { USER_PLACEHOLDER } from "../hub/pattern.js";
import { type Settings, settings as table } from "../settings.js";
import type { LogLevel } from "./logger.js";
import { complaintAboutOrigin } from "./origins.js";
import type { TlsOptions } from "./tls/credentials.js";

/** What `/metrics` shows and to whom. */
export interface MetricsOptions {
  /** true: everybody may read `/metrics`. Default false: this machine, and others with an API key. */
  readonly public?: boolean;
  /** Also the process's own metrics (memory, event loop, garbage collection). Default true. */
  readonly process?: boolean;
}

/** Options of `createGateway`. All have safe defaults; without handlers everything is refused. */
export interface GatewayOptions<
  Channels extends ChannelRules = ChannelRules,
  Calls extends CallDefinitions = CallDefinitions,
> {
  /**
   * The engine: a URL (`"memory:"`, the default, or `"file:./data"`), or a `Broker`, which its owner
   * closes. See docs/engines.md.
   */
  readonly broker?: string | Broker;
  /** Further engines by their URL scheme, as the package `holdfast` has them. */
  readonly engines?: Engines;
  /** Turns credentials into an identity. Absent: no token is valid. */
  readonly authenticate?: AuthenticateHandler;
  /** Decides what the identity's own capabilities do not allow. Absent: refused. */
  readonly authorize?: AuthorizeHandler;
  /** Channel patterns and their rules, in order of precedence. */
  // The intersection gives handlers in a rule the types of their arguments.
  readonly channels?: Channels & ChannelRules;
  /** Calls clients may make, by name. */
  readonly calls?: Calls;
  /** What connections without credentials may do. Absent: they are refused. */
  readonly anonymous?: Capabilities;
  /**
   * What every connection with a user may do beside what its identity says; `{sub}` in a pattern is
   * the user's own name: `{ "user:{sub}:*": ["subscribe"] }`.
   */
  readonly authenticated?: Capabilities;
  /** Limits and times that differ from their defaults. */
  readonly settings?: Partial<Settings>;
  /** Keys that the HTTP API accepts, at least 16 characters each. Absent: it accepts none. */
  readonly apiKeys?: readonly string[];
  /**
   * Origins whose pages may connect besides those of the gateway's own host: exact, subdomains
   * (`https://*.app.example`), or `"*"` for all.
   */
  readonly origins?: readonly string[];
  /**
   * true: a token may also come as `?token=` or `?ticket=` in the address, where proxies log it.
   * Default false: such an address is refused.
   */
  readonly queryTokens?: boolean;
  /**
   * Proxies whose `X-Forwarded-For` is believed, as addresses or ranges (`10.0.0.0/8`): the addresses
   * that limits and handlers see are then their clients'. Absent: no proxy is believed.
   */
  readonly trustedProxies?: readonly string[];
  /**
   * true: what reaches a loopback address is answered only where its `Host` is this machine
   * (`localhost`, `127.0.0.1`, `[::1]`), so that no page of the web can reach it by a name that points
   * here. Default false.
   */
  readonly checkHost?: boolean;
  /**
   * true: messages are compressed (permessage-deflate, RFC 7692) for clients that offer it, once for
   * all of them. It costs processor time for bytes, and what a page can put beside a secret in one message
   * it can guess by the length (CRIME). Default false.
   */
  readonly compression?: boolean;
  /** Path of the WebSocket. Default `/ws`. */
  readonly path?: string;
  /** false: nothing is measured and there is no `/metrics`. */
  readonly metrics?: MetricsOptions | false;
  /** File served at `/client.js`. */
  readonly clientFile?: string;
  /** Directory served at `/` by `listen()`. */
  readonly staticDir?: string;
  /**
   * Certificate and key of `listen()`, in PEM: files, which are read again when they change, or
   * texts. Absent: plain HTTP, for a proxy in front or for one machine.
   */
  readonly tls?: TlsOptions;
  /**
   * Which of several processes behind one port this is (`"2"`): a label of every metric and a field
   * of every line of the default log.
   */
  readonly worker?: string;
  /** Where the gateway logs. Default: JSON lines on standard output. */
  readonly logger?: Logger;
  /** Least severe level of the default logger. Default `info`. */
  readonly logLevel?: LogLevel;
}

const optionNames: Readonly<Record<keyof GatewayOptions, true>> = {
  broker: true,
  engines: true,
  authenticate: true,
  authorize: true,
  channels: true,
  calls: true,
  anonymous: true,
  authenticated: true,
  settings: true,
  apiKeys: true,
  origins: true,
  queryTokens: true,
  trustedProxies: true,
  checkHost: true,
  compression: true,
  path: true,
  metrics: true,
  clientFile: true,
  staticDir: true,
  tls: true,
  worker: true,
  logger: true,
  logLevel: true,
};

const CHANNEL_PATTERN = /^(?:\*|[a-z][a-z0-9-]{0,31}:[A-Za-z0-9_.~@:/-]{0,200}\*?)$/;
const METHOD = /^[A-Za-z][A-Za-z0-9_.-]{0,127}$/;
const HISTORY_BOUNDS = ["maxCount", "maxBytes", "maxAgeMs"];

/** Refuses a configuration with the option's name. Throws `TypeError`. */
export function checkOptions(options: GatewayOptions): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(optionNames, name)) {
      fail(name, `is not an option. Options: ${Object.keys(optionNames).join(", ")}`);
    }
  }
  for (const name of ["authenticate", "authorize"] as const) {
    const handler = options[name];
    if (handler !== undefined && typeof handler !== "function") fail(name, "must be a function");
  }
  const { path = "/ws", origins = [], channels = {}, calls = {} } = options;
  const { anonymous = {}, authenticated = {} } = options;
  if (!/^\/[^?#\s]*$/.test(path)) fail("path", `must begin with "/", got ${JSON.stringify(path)}`);
  for (const [index, origin] of origins.entries()) checkOrigin(index, origin);
  for (const [pattern, rule] of Object.entries(channels)) checkChannel(pattern, rule);
  for (const pattern of Object.keys(anonymous)) checkPattern("anonymous", pattern, true);
  for (const pattern of Object.keys(authenticated)) {
    checkPattern("authenticated", pattern.replaceAll(USER_PLACEHOLDER, "x"), true);
  }
  for (const [method, definition] of Object.entries(calls)) {
    if (!METHOD.test(method)) fail(`calls[${JSON.stringify(method)}]`, "is not a call's name");
    if (typeof definition?.handler !== "function") {
      fail(`calls[${JSON.stringify(method)}]`, "must be made with call()");
    }
  }
}

function checkOrigin(index: number, origin: string): void {
  const complaint = complaintAboutOrigin(origin);
  if (complaint !== undefined)
    fail(`origins[${index}]`, `${complaint}, got ${JSON.stringify(origin)}`);
}

function checkPattern(option: string, pattern: string, calls: boolean): void {
  if (CHANNEL_PATTERN.test(pattern) || (calls && METHOD.test(pattern.replace(/\*$/, "x")))) return;
  fail(
    `${option}[${JSON.stringify(pattern)}]`,
    `is not a channel name ("chat:lobby") or pattern ("chat:*", "*")`,
  );
}

function checkChannel(pattern: string, rule: ChannelRules[string]): void {
  checkPattern("channels", pattern, false);
  const name = `channels[${JSON.stringify(pattern)}]`;
  if (typeof rule !== "object" || rule === null) fail(name, "must be an object of channel options");
  const { history, schema } = rule;
  if (schema !== undefined && typeof schema["~standard"]?.validate !== "function") {
    fail(`${name}.schema`, "must implement Standard Schema");
  }
  checkState(name, rule);
  checkPace(name, rule);
  if (history === undefined || history === false) return;
  for (const [bound, value] of Object.entries(history)) {
    if (!HISTORY_BOUNDS.includes(bound)) {
      fail(`${name}.history.${bound}`, `is not a bound. Bounds: ${HISTORY_BOUNDS.join(", ")}`);
    }
    if (!Number.isSafeInteger(value) || value < 0) {
      fail(`${name}.history.${bound}`, `must be a whole number of at least 0, got ${value}`);
    }
  }
}

/** A state is folded from publications that are kept. */
function checkState(name: string, { history, state }: ChannelRules[string]): void {
  if (state === undefined) return;
  const isHandler = typeof state === "object" && typeof state?.handler === "function";
  if (state !== "last" && state !== "merge" && !isHandler) {
    fail(`${name}.state`, 'must be "last", "merge" or { handler }');
  }
  const isKept = history !== false && !HISTORY_BOUNDS.some((bound) => isZero(history, bound));
  if (!isKept) fail(`${name}.history`, "must not be switched off where the channel has state");
}

function isZero(history: object | undefined, bound: string): boolean {
  return Reflect.get(history ?? {}, bound) === 0;
}

/** A rate skips publications, which only channels may whose newest publication is all that counts. */
function checkPace(name: string, rule: ChannelRules[string]): void {
  const { history, maxPerSecond, state } = rule;
  if (maxPerSecond === undefined) return;
  if (typeof maxPerSecond !== "number" || !(maxPerSecond > 0) || maxPerSecond > 1_000_000) {
    fail(`${name}.maxPerSecond`, `must be a number above 0, up to 1000000, got ${maxPerSecond}`);
  }
  const keepsAll =
    state === undefined ? history !== undefined && history !== false : state !== "last";
  if (keepsAll) {
    fail(
      `${name}.maxPerSecond`,
      'would lose publications of a channel with history; it is for channels without history or with state "last"',
    );
  }
}

/** The gateway's settings: defaults, and the overrides where they are within their range. */
export function resolveSettings(overrides: Partial<Settings> = {}): Settings {
  for (const [name, value] of Object.entries(overrides)) {
    if (!isSetting(name)) {
      fail(`settings.${name}`, `is not a setting. Settings: ${Object.keys(table).join(", ")}`);
    }
    const { unit, min = 0, max = Number.MAX_SAFE_INTEGER } = limitsOf(name);
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `${min} to ${max}`;
      fail(`settings.${name}`, `must be a whole number of ${range} ${unit}, got ${value}`);
    }
  }
  const settings = { ...defaultsOf(table), ...overrides };
  // A state is one message, and has to fit beside what a connection that keeps up still has waiting.
  const mostStateBytes = Math.floor(settings.maxOutboundBytes / 2);
  if ((overrides.maxStateBytes ?? 0) > mostStateBytes) {
    fail("settings.maxStateBytes", `must be at most half of maxOutboundBytes, ${mostStateBytes}`);
  }
  return { ...settings, maxStateBytes: Math.min(settings.maxStateBytes, mostStateBytes) };
}

function limitsOf(name: keyof typeof table): { unit: string; min?: number; max?: number } {
  return table[name];
}

function isSetting(name: string): name is keyof typeof table {
  return Object.hasOwn(table, name);
}

function fail(option: string, problem: string): never {
  throw new TypeError(`createGateway: option ${option} ${problem}.`);
}

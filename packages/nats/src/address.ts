import { EngineError } from "@holdfast/broker";
import { type NatsLimits, natsLimits } from "./limits.js";

/** Where the servers are and who asks, as an engine URL says it. */
export interface NatsAddress {
  /** `host:port` of servers to begin with. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  readonly credentials:
    | { readonly user: string; readonly pass: string }
    | { readonly token: string }
    | Record<string, never>;
  /** Begins every stream's name and every subject. */
  readonly prefix: string;
  /** Copies of each stream; undefined: 3 on a cluster, 1 on a single server. */
  readonly replicas: number | undefined;
  /** Only the servers named are used, and not those that they tell of. */
  readonly ignoreClusterUpdates: boolean;
  /** Limits set by parameters of their name. */
  readonly limits: Partial<NatsLimits>;
}

const forms = "nats://[user:password@|token@]host[:port],…[?prefix=…], tls:// for TLS";
const grammar =
  /^(?<scheme>nats|tls):\/\/(?:(?<auth>[^/?#@]*)@)?(?<hosts>[^/?#]+)\/?(?:\?(?<query>[^#]*))?$/;
const parameters = new Set(["prefix", "replicas", "discover"]);
const limitNames = new Set(Object.keys(natsLimits));

/** An engine URL that cannot be understood. Its message never repeats the URL: it may hold a password. */
export class AddressError extends EngineError {
  constructor(what: string) {
    super(`The engine's URL ${what}. The forms are: ${forms}.`);
  }
}

/** The schemes this engine answers to. */
export const natsSchemes = ["nats", "tls"] as const;

/**
 * Reads an engine URL; throws AddressError. Parameters: `prefix` (`holdfast`), `replicas` (1 to 5),
 * `discover=no` where the servers tell of addresses that cannot be reached from here, and every
 * limit of `natsLimits` by its name.
 */
export function parseAddress(url: string): NatsAddress {
  const groups = grammar.exec(url)?.groups;
  if (groups === undefined) throw new AddressError("is none of a NATS engine");
  const { scheme = "", auth, hosts = "", query = "" } = groups;
  const given = new URLSearchParams(query);
  for (const name of given.keys()) {
    if (!parameters.has(name) && !limitNames.has(name)) {
      throw new AddressError(`has the unknown parameter ${name}`);
    }
  }
  return {
    servers: hosts.split(",").map(hostPort),
    tls: scheme === "tls",
    credentials: credentialsOf(auth),
    prefix: prefixOf(given.get("prefix")),
    replicas: replicasOf(given.get("replicas")),
    ignoreClusterUpdates: !discovers(given.get("discover")),
    limits: limitsOf(given),
  };
}

function hostPort(text: string): string {
  const match = /^(?:\[[0-9a-fA-F:.]+\]|[^:[\]@]+)(?::(?<port>\d{1,5}))?$/.exec(text);
  if (match === null) throw new AddressError("has a host that cannot be read");
  return match.groups?.port === undefined ? `${text}:4222` : text;
}

function credentialsOf(auth: string | undefined): NatsAddress["credentials"] {
  if (auth === undefined || auth === "") return {};
  const colon = auth.indexOf(":");
  if (colon < 0) return { token: decoded(auth) };
  return { user: decoded(auth.slice(0, colon)), pass: decoded(auth.slice(colon + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AddressError("has credentials that are not percent-encoded");
  }
}

function prefixOf(text: string | null): string {
  const prefix = text ?? "holdfast";
  // Dots would begin another token, and streams may not have them in their names.
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(prefix)) {
    throw new AddressError("has a prefix of other characters than letters, digits, _ and -");
  }
  return prefix;
}

function replicasOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^[1-5]$/.test(text)) throw new AddressError("has replicas that are not 1 to 5");
  return Number(text);
}

function discovers(text: string | null): boolean {
  if (text === null || text === "yes") return true;
  if (text === "no") return false;
  throw new AddressError("has a discover that is neither yes nor no");
}

function limitsOf(given: URLSearchParams): Partial<NatsLimits> {
  const limits: Record<string, number> = {};
  for (const [name, text] of given) {
    if (!limitNames.has(name)) continue;
    if (!/^\d{1,15}$/.test(text)) throw new AddressError(`has a ${name} that is no number`);
    limits[name] = Number(text);
  }
  return limits;
}

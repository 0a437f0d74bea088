import { EngineError } from "@holdfast/broker";
import { type RedisLimits, redisLimits } from "./limits.js";

/** One server's host and port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where the servers are and who asks, as an engine URL says it. */
export interface RedisAddress {
  /** One server, a master that sentinels know, or a cluster. */
  readonly kind: "single" | "sentinel" | "cluster";
  /** Servers to begin with; for `sentinel` the sentinels. */
  readonly hosts: readonly HostPort[];
  /** Path of a Unix domain socket instead of `hosts`. */
  readonly socketPath?: string;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
  /** Name of the master that the sentinels watch. */
  readonly master?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** Begins every key and relay name. */
  readonly prefix: string;
  /** The relay goes by plain publish and subscribe, whatever the server's version. */
  readonly plainPubSub: boolean;
  /** Limits set by parameters of their name. */
  readonly limits: Partial<RedisLimits>;
}

const forms =
  "redis://[user:password@]host[:port][/database], rediss:// for TLS, redis+unix:///path, " +
  "redis+sentinel://host[:port],…/master[/database], redis+cluster://host[:port],…";
const grammar =
  /^(?<scheme>rediss?)(?:\+(?<kind>sentinel|cluster|unix))?:\/\/(?:(?<auth>[^/?#@]*)@)?(?<hosts>[^/?#]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;
const parameters = new Set([
  "prefix",
  "sentinelUsername",
  "sentinelPassword",
  "database",
  "pubsub",
]);
const limitNames = new Set(Object.keys(redisLimits));

/** An engine URL that cannot be understood. Its message never repeats the URL: it may hold a password. */
export class AddressError extends EngineError {
  constructor(what: string) {
    super(`The engine's URL ${what}. The forms are: ${forms}.`);
  }
}

/** The schemes this engine answers to. */
export const redisSchemes = [
  "redis",
  "rediss",
  "redis+unix",
  "redis+sentinel",
  "rediss+sentinel",
  "redis+cluster",
  "rediss+cluster",
] as const;

/**
 * Reads an engine URL; throws AddressError. Parameters: `prefix` (`hf:`), `sentinelUsername`,
 * `sentinelPassword`; `database` for sockets; `pubsub=plain` where something between here and the
 * server knows no sharded publish and subscribe; and every limit of `redisLimits` by its name.
 */
export function parseAddress(url: string): RedisAddress {
  const groups = grammar.exec(url)?.groups;
  if (groups === undefined) throw new AddressError("is none of a Redis engine");
  const { scheme = "", auth, hosts = "", path = "", query = "" } = groups;
  const kind = groups.kind === "sentinel" || groups.kind === "cluster" ? groups.kind : "single";
  const given = new URLSearchParams(query);
  for (const name of given.keys()) {
    if (!parameters.has(name) && !limitNames.has(name)) {
      throw new AddressError(`has the unknown parameter ${name}`);
    }
  }
  const unix = groups.kind === "unix";
  const segments = unix ? [] : path.split("/").filter((segment) => segment !== "");
  const master = kind === "sentinel" ? segments.shift() : undefined;
  if (kind === "sentinel" && master === undefined) throw new AddressError("names no master");
  const database = databaseOf(unix ? given.get("database") : segments.shift());
  if (segments.length > 0) throw new AddressError("has too long a path");
  if (kind === "cluster" && database !== 0) {
    throw new AddressError("names a database, and a cluster has none");
  }
  const sentinelUsername = given.get("sentinelUsername");
  const sentinelPassword = given.get("sentinelPassword");
  return {
    kind,
    hosts: unix ? [] : hosts.split(",").map((host) => hostPort(host, kind)),
    ...(unix && { socketPath: decodeURIComponent(path) }),
    tls: scheme === "rediss",
    ...credentials(auth),
    database,
    ...(master !== undefined && { master: decodeURIComponent(master) }),
    ...(sentinelUsername !== null && { sentinelUsername }),
    ...(sentinelPassword !== null && { sentinelPassword }),
    prefix: prefixOf(given.get("prefix")),
    plainPubSub: plainPubSub(given.get("pubsub"), kind),
    limits: limitsOf(given),
  };
}

function plainPubSub(text: string | null, kind: RedisAddress["kind"]): boolean {
  if (text === null) return false;
  if (text !== "plain") throw new AddressError("has a pubsub that is not plain");
  // Every server of a cluster would carry every message, and none could tell whether anyone listens.
  if (kind === "cluster") throw new AddressError("asks for plain pubsub on a cluster");
  return true;
}

function limitsOf(given: URLSearchParams): Partial<RedisLimits> {
  const limits: Record<string, number> = {};
  for (const [name, text] of given) {
    if (!limitNames.has(name)) continue;
    if (!/^\d{1,15}$/.test(text)) throw new AddressError(`has a ${name} that is no number`);
    limits[name] = Number(text);
  }
  return limits;
}

function credentials(auth: string | undefined): { username?: string; password?: string } {
  if (auth === undefined || auth === "") return {};
  const colon = auth.indexOf(":");
  const username = decodeURIComponent(colon < 0 ? auth : auth.slice(0, colon));
  const password = colon < 0 ? "" : decodeURIComponent(auth.slice(colon + 1));
  return { ...(username !== "" && { username }), ...(password !== "" && { password }) };
}

function hostPort(text: string, kind: RedisAddress["kind"]): HostPort {
  const match = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(
    text,
  );
  if (match?.groups === undefined) throw new AddressError("has a host that cannot be read");
  const { six, name, port } = match.groups;
  const usual = kind === "sentinel" ? 26_379 : 6_379;
  return { host: six ?? name ?? "", port: port === undefined ? usual : Number(port) };
}

function databaseOf(text: string | null | undefined): number {
  if (text === undefined || text === null) return 0;
  if (!/^\d{1,5}$/.test(text)) throw new AddressError("has a database that is no number");
  return Number(text);
}

function prefixOf(text: string | null): string {
  const prefix = text ?? "hf:";
  // Braces would begin a hash tag of their own and put all partitions into one slot.
  if (!/^[A-Za-z0-9:._-]{0,64}$/.test(prefix)) {
    throw new AddressError("has a prefix of other characters than letters, digits and : . _ -");
  }
  return prefix;
}

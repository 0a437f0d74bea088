import { EngineError } from "@holdfast/broker";
import type { Keys } from "../keys.js";
import type { Script } from "../scripts/script.js";
import { textOf } from "./replies.js";
import type { Argument, Reply } from "./servers.js";

/** Sends a command to the one server that is looked at. */
export type Send = (name: string, ...args: Argument[]) => Promise<Reply>;

/** What a server told of itself. */
export interface ServerFacts {
  readonly version: string;
  /** Publish and subscribe within a shard: Redis 7, Valkey. */
  readonly sharded: boolean;
  readonly cluster: boolean;
  /** Names one start of the server's process; undefined: it does not say. */
  readonly runId: string | undefined;
}

/** First version with scripts that may call TIME before they write, and with ACL users. */
const oldestMajor = 6;

/** Layout of what the engine stores; another one could not be read by this version. */
const layoutVersion = 1;

/**
 * Looks whether a server will do: a master, of a version that is known, that never evicts what it
 * has acknowledged. Throws EngineError with the way out.
 */
export async function inspectServer(send: Send): Promise<ServerFacts> {
  const info = textOf(await send("INFO"));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const version = field("redis_version") ?? "";
  const major = Number(version.split(".")[0]);
  if (!(major >= oldestMajor)) {
    throw new EngineError(
      `The Redis server has version ${version || "unknown"}; at least ${oldestMajor}.0 is needed.`,
    );
  }
  if (field("role") !== "master") {
    throw new EngineError(
      "The Redis server is a replica, which may be behind. Name the master, or use redis+sentinel:// to find it.",
    );
  }
  const policy = field("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    throw new EngineError(
      `The Redis server has maxmemory-policy ${policy}, under which it may forget what was acknowledged. Set it to noeviction, or use a server of its own.`,
    );
  }
  return {
    version,
    sharded: major >= 7,
    cluster: field("cluster_enabled") === "1",
    runId: field("run_id"),
  };
}

/** Checks that the store was laid out for as many partitions, and lays it out if it is empty. */
export async function checkLayout(send: Send, keys: Keys): Promise<void> {
  const wanted = `${layoutVersion} ${keys.partitions}`;
  await send("SET", keys.layout, wanted, "NX");
  const reply = await send("GET", keys.layout);
  const found = reply === null ? wanted : textOf(reply);
  if (found === wanted) return;
  const [version, partitions] = found.split(" ");
  throw new EngineError(
    version === String(layoutVersion)
      ? `The Redis store holds ${partitions} partitions and ${keys.partitions} are configured. Set partitions to ${partitions}, or use another prefix.`
      : `The Redis store has layout ${found}, which this version cannot read. Use another prefix.`,
  );
}

/** Loads scripts into a server and learns their digests. */
export async function loadScripts(
  send: Send,
  scripts: readonly Script[],
): Promise<ReadonlyMap<Script, string>> {
  const digests = await Promise.all(scripts.map((script) => send("SCRIPT", "LOAD", script.source)));
  return new Map(scripts.map((script, index) => [script, textOf(digests[index])]));
}

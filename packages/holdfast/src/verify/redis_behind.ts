import type { RedisServer } from "@holdfast/redis/local";
import { fallBehind, type Pause } from "./falling_behind.js";

/** How a master that is about to fail over is left by its replicas; what it took since is lost. */
export async function leaveBehind(master: RedisServer, pause: Pause): Promise<void> {
  // Goes with the process: a replica may not ask for what it is behind by.
  await master.ask("ACL", "SETUSER", "default", "-psync", "-sync");
  await master.ask("CLIENT", "KILL", "TYPE", "replica");
  await fallBehind(() => relayed(master), pause);
}

/** Publications that a master has relayed since its start. */
export async function relayed(master: RedisServer): Promise<number> {
  const stats = String(await master.ask("INFO", "commandstats"));
  const calls = [...stats.matchAll(/^cmdstat_s?publish:calls=(\d+)/gm)];
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Whether a replica has its master's data and hears what is new. */
export async function isSynced(server: RedisServer): Promise<boolean> {
  const info = String(await server.ask("INFO", "replication").catch(() => ""));
  return info.includes("role:slave") && info.includes("master_link_status:up");
}

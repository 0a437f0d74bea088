import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { LinkProxy } from "@holdfast/probe/node";
import { freePort, RedisServer } from "@holdfast/redis/local";
import { fallBehind, type Pause } from "./falling_behind.js";
import { isSynced, relayed } from "./redis_behind.js";

const restartAfterMs = 500;
/** Past every timeout of the gateways' connections. */
const stopMs = 7_000;
const syncPatienceMs = 10_000;
/** A server's append-only files: one up to Redis 6, a folder of them from 7 on. */
const appended = "appendonly";
const copyName = "copy";

/**
 * A Redis master that writes everything to its disk before it acknowledges, and if wanted a replica
 * whose link to it can be cut: what a master acknowledges while it is cut is lost when the replica
 * takes over.
 */
export class RedisPair {
  #master: RedisServer;
  #replica: RedisServer | undefined;
  #replication: LinkProxy | undefined;
  #isLinked = true;
  /** The former master on its way to being the replica. */
  #following: Promise<void> = Promise.resolve();

  private constructor(master: RedisServer) {
    this.#master = master;
  }

  /** `guard` hears of each process that must not outlive the run. */
  static async start(withReplica: boolean, guard: (pid: number) => void): Promise<RedisPair> {
    const pair = new RedisPair(await startServer(guard));
    if (!withReplica) return pair;
    try {
      pair.#replication = await LinkProxy.start({
        pick: () => (pair.#isLinked ? pair.#master.port : undefined),
      });
      await pair.#follow(await startServer(guard));
    } catch (cause) {
      await pair.close();
      throw cause;
    }
    return pair;
  }

  /** Port of the master. */
  get port(): number {
    return this.#master.port;
  }

  get pid(): number {
    return this.#master.pid;
  }

  /** Kills the master and starts it again on what its disk holds. */
  async kill(pause: Pause): Promise<void> {
    await this.#master.crash();
    await pause(restartAfterMs);
    await this.#master.start();
  }

  /** Freezes the master past every timeout. */
  async stop(pause: Pause): Promise<void> {
    this.#master.kill("SIGSTOP");
    await pause(stopMs);
    this.#master.kill("SIGCONT");
  }

  /** Loses everything. */
  async wipe(): Promise<void> {
    await this.#master.ask("FLUSHALL");
  }

  /** Kills the master and makes the replica, which is behind, the new one; over once that serves. */
  async failOver(pause: Pause): Promise<void> {
    await this.#following;
    const [former, successor] = [this.#master, this.#replica];
    if (successor === undefined) throw new Error("there is no replica");
    this.#isLinked = false;
    for (const link of [...(this.#replication?.links ?? [])]) link.destroy();
    await fallBehind(() => relayed(former), pause);
    await former.crash();
    await successor.ask("REPLICAOF", "NO", "ONE");
    this.#master = successor;
    this.#isLinked = true;
    this.#following = former.start().then(() => this.#follow(former));
    // Whoever awaits it next is told.
    this.#following.catch(() => {});
  }

  /** Puts an older copy of its disk in place of what it has: what was acknowledged since is lost. */
  async restore(pause: Pause): Promise<void> {
    await this.#following;
    const master = this.#master;
    await master.crash();
    await copyAppended(master.folder, join(master.folder, copyName));
    await master.start();
    await fallBehind(() => relayed(master), pause);
    await master.crash();
    await copyAppended(join(master.folder, copyName), master.folder);
    await master.start();
  }

  async close(): Promise<void> {
    await this.#following.catch(() => {});
    await this.#replication?.close();
    await this.#master.dispose();
    await this.#replica?.dispose();
  }

  async #follow(server: RedisServer): Promise<void> {
    this.#replica = server;
    await server.ask("REPLICAOF", "127.0.0.1", this.#replication?.port ?? 0);
    const endMs = performance.now() + syncPatienceMs;
    while (!(await isSynced(server))) {
      if (performance.now() > endMs) throw new Error("the replica does not catch up");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function startServer(guard: (pid: number) => void): Promise<RedisServer> {
  const args = ["--appendonly", "yes", "--appendfsync", "always"];
  return await RedisServer.start({
    port: await freePort(),
    args: [...args, "--repl-diskless-sync-delay", "0"],
    onStarted: guard,
  });
}

/** Replaces what one folder has of append-only files by what another one has. */
async function copyAppended(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const namesIn = async (folder: string) =>
    (await readdir(folder)).filter((name) => name.startsWith(appended));
  for (const name of await namesIn(to)) await rm(join(to, name), { recursive: true });
  for (const name of await namesIn(from)) {
    await cp(join(from, name), join(to, name), { recursive: true });
  }
}

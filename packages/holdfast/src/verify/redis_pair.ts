import { LinkProxy } from "@holdfast/probe/node";
import { freePort, RedisServer } from "@holdfast/redis/local";

type Pause = (ms: number) => Promise<void>;

const restartAfterMs = 500;
/** Past every timeout of the gateways' connections. */
const stopMs = 7_000;
/** What is acknowledged meanwhile is lost by a failover, which otherwise proves nothing. */
const behindPublications = 40;
/** Time for what was relayed last to be handed over. */
const handOverMs = 500;
/** Longest wait for a system that is kept from publishing by its other faults. */
const behindTries = 40;
const behindTryMs = 250;
const syncPatienceMs = 10_000;

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
  readonly #guard: (pid: number) => void;

  private constructor(master: RedisServer, guard: (pid: number) => void) {
    this.#master = master;
    this.#guard = guard;
  }

  /** `guard` hears of each process that must not outlive the run. */
  static async start(withReplica: boolean, guard: (pid: number) => void): Promise<RedisPair> {
    const pair = new RedisPair(await startServer(guard), guard);
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
    await this.#start(this.#master);
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
    await fallBehind(former, pause);
    await former.crash();
    await successor.ask("REPLICAOF", "NO", "ONE");
    this.#master = successor;
    this.#isLinked = true;
    this.#following = this.#start(former).then(() => this.#follow(former));
    // Whoever awaits it next is told.
    this.#following.catch(() => {});
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

  async #start(server: RedisServer): Promise<void> {
    await server.start();
    this.#guard(server.pid);
  }
}

async function startServer(guard: (pid: number) => void): Promise<RedisServer> {
  const args = ["--appendonly", "yes", "--appendfsync", "always"];
  const server = await RedisServer.start({
    port: await freePort(),
    args: [...args, "--repl-diskless-sync-delay", "0"],
  });
  guard(server.pid);
  return server;
}

/** Waits until a master has relayed a number of publications that its replica does not learn of. */
async function fallBehind(master: RedisServer, pause: Pause): Promise<void> {
  const enough = (await relayed(master)) + behindPublications;
  for (let tries = 0; tries < behindTries && (await relayed(master)) < enough; tries += 1) {
    await pause(behindTryMs);
  }
  await pause(handOverMs);
}

async function relayed(master: RedisServer): Promise<number> {
  const stats = String(await master.ask("INFO", "commandstats"));
  return Number(/^cmdstat_publish:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
}

async function isSynced(server: RedisServer): Promise<boolean> {
  return String(await server.ask("INFO", "replication")).includes("master_link_status:up");
}

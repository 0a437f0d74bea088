import { freePort, RedisSentinels, RedisServer, until } from "@holdfast/redis/local";
import type { Pause } from "./falling_behind.js";
import type { Guard } from "./own_engine.js";
import { isSynced, leaveBehind } from "./redis_behind.js";

const name = "main";
const count = 3;
const quorum = 2;
/** Past every timeout of the gateways' connections, and past the sentinels'. */
const stopMs = 7_000;
const patienceMs = 30_000;

/** A Redis master with a replica, which three sentinels watch. */
export class RedisWatched {
  readonly #servers: readonly [RedisServer, RedisServer];
  readonly #sentinels: RedisSentinels;

  private constructor(servers: readonly [RedisServer, RedisServer], sentinels: RedisSentinels) {
    this.#servers = servers;
    this.#sentinels = sentinels;
  }

  /** `guard` hears of each process that must not outlive the run. */
  static async start(guard: Guard): Promise<RedisWatched> {
    const [master, replica] = [await startServer(guard), await startServer(guard)];
    try {
      await replica.ask("REPLICAOF", "127.0.0.1", master.port);
      await until(() => isSynced(replica));
      const watched = { count, quorum, name, master, replica };
      const sentinels = await RedisSentinels.start({ ...watched, onStarted: guard });
      return new RedisWatched([master, replica], sentinels);
    } catch (cause) {
      await Promise.all([master.dispose(), replica.dispose()]);
      throw cause;
    }
  }

  get url(): string {
    return this.#sentinels.url;
  }

  get pids(): readonly number[] {
    return [...this.#servers, ...this.#sentinels.servers].map(({ pid }) => pid);
  }

  /** Waits until the sentinels agree on the master, and the other one hears it. */
  async whole(): Promise<void> {
    await until(async () => {
      const port = await this.#sentinels.masterPort();
      const other = this.#servers.find((server) => server.port !== port);
      return port !== undefined && other !== undefined && (await isSynced(other));
    }, patienceMs);
  }

  /** Kills the master, whose replica is made one, and starts it again as its replica. */
  async kill(): Promise<void> {
    await this.#replace(await this.#master());
  }

  /** The same with a replica that is behind. */
  async failOver(pause: Pause): Promise<void> {
    const master = await this.#master();
    await leaveBehind(master, pause);
    await this.#replace(master);
  }

  /** Freezes the master, whose replica is made one, and lets it go on as the one it no longer is. */
  async stop(pause: Pause): Promise<void> {
    const master = await this.#master();
    master.kill("SIGSTOP");
    await pause(stopMs);
    master.kill("SIGCONT");
  }

  async close(): Promise<void> {
    await this.#sentinels.dispose();
    await Promise.all(this.#servers.map((server) => server.dispose()));
  }

  async #replace(master: RedisServer): Promise<void> {
    await master.crash();
    await until(async () => {
      const port = await this.#sentinels.masterPort();
      return port !== undefined && port !== master.port;
    }, patienceMs);
    await master.start();
  }

  async #master(): Promise<RedisServer> {
    const port = await this.#sentinels.masterPort();
    const master = this.#servers.find((server) => server.port === port);
    if (master === undefined) throw new Error("the sentinels do not agree on a master");
    return master;
  }
}

async function startServer(guard: Guard): Promise<RedisServer> {
  return await RedisServer.start({
    port: await freePort(),
    args: ["--appendonly", "yes", "--repl-diskless-sync-delay", "0"],
    onStarted: guard,
  });
}

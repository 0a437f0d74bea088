import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, RedisServer, type ServerOptions } from "./redis_server.js";
import { until } from "./until.js";

/** What sentinels are started with. */
export interface RedisSentinelsOptions extends Pick<ServerOptions, "onStarted"> {
  readonly count: number;
  /** How many have to agree. */
  readonly quorum: number;
  /** Name they know the master by. */
  readonly name: string;
  readonly master: RedisServer;
  /** Every one of them has to know of it. */
  readonly replica: RedisServer;
}

/** Sentinels that watch a master with a replica, on the loopback interface. */
export class RedisSentinels {
  readonly servers: readonly RedisServer[];
  readonly #name: string;

  private constructor(servers: readonly RedisServer[], name: string) {
    this.servers = servers;
    this.#name = name;
  }

  /** Starts them and waits until they know of each other and of the replica. */
  static async start(options: RedisSentinelsOptions): Promise<RedisSentinels> {
    const { count, name, replica } = options;
    const servers = await Promise.all(Array.from({ length: count }, () => startOne(options)));
    const sentinels = new RedisSentinels(servers, name);
    try {
      for (const server of servers) {
        await until(async () => {
          const others = await server.ask("SENTINEL", "SENTINELS", name);
          const replicas = String(await server.ask("SENTINEL", "REPLICAS", name));
          const known = Array.isArray(others) ? others.length : 0;
          return known === count - 1 && replicas.includes(String(replica.port));
        });
      }
    } catch (cause) {
      await sentinels.dispose();
      throw cause;
    }
    return sentinels;
  }

  /** As clients are told of the master. */
  get url(): string {
    const hosts = this.servers.map(({ port }) => `127.0.0.1:${port}`).join(",");
    return `redis+sentinel://${hosts}/${this.#name}`;
  }

  /** Port of the master, as all of them say; undefined: they do not agree. */
  async masterPort(): Promise<number | undefined> {
    const ports = new Set<number>();
    for (const server of this.servers) {
      const address = await server.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.#name);
      ports.add(Array.isArray(address) ? Number(address[1]) : 0);
    }
    const [port] = ports;
    return ports.size === 1 ? port : undefined;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.dispose()));
  }
}

async function startOne(options: RedisSentinelsOptions): Promise<RedisServer> {
  const { name, master, quorum, onStarted } = options;
  const sentinel = new RedisServer({
    port: await freePort(),
    args: ["--sentinel"],
    ...(onStarted !== undefined && { onStarted }),
  });
  const file = join(sentinel.folder, "sentinel.conf");
  await writeFile(
    file,
    [
      `sentinel monitor ${name} 127.0.0.1 ${master.port} ${quorum}`,
      `sentinel down-after-milliseconds ${name} 1000`,
      `sentinel failover-timeout ${name} 4000`,
      "",
    ].join("\n"),
  );
  await sentinel.start([], file);
  return sentinel;
}

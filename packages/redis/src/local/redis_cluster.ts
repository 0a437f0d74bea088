import { freePort, RedisServer, type ServerOptions } from "./redis_server.js";
import { until } from "./until.js";

const slots = 16_384;
const nodeTimeoutMs = 1_500;

/** One server of a cluster. */
export interface ClusterNode {
  readonly server: RedisServer;
  readonly id: string;
  /** As the cluster tells clients of it. */
  readonly announcedPort: number;
}

/** What a cluster's servers are started with. */
export interface RedisClusterOptions extends Pick<ServerOptions, "onStarted"> {
  /** As many replicas as masters. */
  readonly replicas?: boolean;
  /** Further words of each server's command line. */
  readonly args?: readonly string[];
  /** Where clients reach a server of this port, if not there. */
  readonly announced?: (port: number) => Promise<number>;
}

/** Real servers that are a cluster on the loopback interface. */
export class RedisCluster {
  readonly masters: readonly ClusterNode[];
  readonly replicas: readonly ClusterNode[];

  private constructor(masters: readonly ClusterNode[], replicas: readonly ClusterNode[]) {
    this.masters = masters;
    this.replicas = replicas;
  }

  /** Starts masters with even shares of the slots, and as many replicas if wanted. */
  static async start(masters: number, options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const count = options.replicas === true ? 2 * masters : masters;
    const starting = Array.from({ length: count }, () => startNode(options));
    const nodes = await Promise.all(starting);
    const cluster = new RedisCluster(nodes.slice(0, masters), nodes.slice(masters));
    try {
      await cluster.#form();
    } catch (cause) {
      await cluster.dispose();
      throw cause;
    }
    return cluster;
  }

  get url(): string {
    return `redis+cluster://${this.masters.map(({ announcedPort }) => `127.0.0.1:${announcedPort}`).join(",")}`;
  }

  get nodes(): readonly ClusterNode[] {
    return [...this.masters, ...this.replicas];
  }

  /** The master that has a slot, as the first living server sees it. */
  async ownerOf(slot: number): Promise<ClusterNode> {
    for (const { server } of this.nodes) {
      const ranges = await server.ask("CLUSTER", "SLOTS").catch(() => undefined);
      if (!Array.isArray(ranges)) continue;
      for (const [from, to, [, port]] of ranges) {
        const node = this.nodes.find((each) => each.announcedPort === port);
        if (slot >= from && slot <= to && node !== undefined) return node;
      }
    }
    throw new Error(`nobody has slot ${slot}`);
  }

  /** Moves a slot to another master, key by key, as `redis-cli --cluster reshard` does. */
  async moveSlot(slot: number, to: ClusterNode, between: () => Promise<void>): Promise<void> {
    const from = await this.ownerOf(slot);
    if (from === to) return;
    await to.server.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
    await from.server.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
    for (;;) {
      await between();
      const keys = await from.server.ask("CLUSTER", "GETKEYSINSLOT", slot, 1);
      if (!Array.isArray(keys) || keys.length === 0) break;
      const words = ["127.0.0.1", to.server.port, "", 0, 5_000, "KEYS", ...keys];
      await from.server.ask("MIGRATE", ...words);
    }
    await to.server.ask("CLUSTER", "SETSLOT", slot, "NODE", to.id);
    await from.server.ask("CLUSTER", "SETSLOT", slot, "NODE", to.id);
    for (const node of this.nodes) {
      if (node === from || node === to) continue;
      // A replica is told by its master.
      await node.server.ask("CLUSTER", "SETSLOT", slot, "NODE", to.id).catch(() => {});
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map(({ server }) => server.dispose()));
  }

  async #form(): Promise<void> {
    const [first] = this.masters;
    if (first === undefined) throw new RangeError("a cluster needs a master");
    const share = slots / this.masters.length;
    for (const [index, { server }] of this.masters.entries()) {
      const [from, to] = [Math.round(index * share), Math.round((index + 1) * share) - 1];
      await server.ask("CLUSTER", "ADDSLOTSRANGE", from, to);
      await server.ask("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    }
    for (const { server } of this.nodes.slice(1)) {
      await first.server.ask("CLUSTER", "MEET", "127.0.0.1", server.port, server.busPort);
    }
    await this.#agreed();
    for (const [index, { server }] of this.replicas.entries()) {
      await server.ask("CLUSTER", "REPLICATE", this.masters[index]?.id ?? "");
    }
    for (const { server } of this.replicas) await until(() => isSynced(server));
  }

  async #agreed(): Promise<void> {
    for (const { server } of this.nodes) {
      await until(async () => {
        const info = String(await server.ask("CLUSTER", "INFO"));
        const known = new RegExp(`cluster_known_nodes:${this.nodes.length}\\b`);
        return info.includes("cluster_state:ok") && known.test(info);
      });
    }
  }
}

async function startNode(options: RedisClusterOptions): Promise<ClusterNode> {
  const [port, busPort] = [await freePort(), await freePort()];
  const announcedPort = (await options.announced?.(port)) ?? port;
  const { args = [], onStarted } = options;
  const server = await RedisServer.start({
    port,
    busPort,
    args: [
      ...["--cluster-enabled", "yes", "--cluster-port", String(busPort)],
      ...["--cluster-node-timeout", String(nodeTimeoutMs), "--repl-diskless-sync-delay", "0"],
      ...["--cluster-announce-port", String(announcedPort)],
      ...args,
    ],
    ...(onStarted !== undefined && { onStarted }),
  });
  return { server, id: String(await server.ask("CLUSTER", "MYID")), announcedPort };
}

async function isSynced(server: RedisServer): Promise<boolean> {
  return String(await server.ask("INFO", "replication")).includes("master_link_status:up");
}

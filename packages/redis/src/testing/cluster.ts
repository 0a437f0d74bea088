import { freePort, RedisServer } from "../local/mod.js";

const slots = 16_384;
const nodeTimeoutMs = 1_500;
const patienceMs = 20_000;

/** One server of a cluster under test. */
export interface ClusterNode {
  readonly server: RedisServer;
  readonly id: string;
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
  static async start(masters: number, { replicas = false } = {}): Promise<RedisCluster> {
    const count = replicas ? 2 * masters : masters;
    const nodes = await Promise.all(Array.from({ length: count }, startNode));
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
    return `redis+cluster://${this.masters.map(({ server }) => `127.0.0.1:${server.port}`).join(",")}`;
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
        const node = this.nodes.find((each) => each.server.port === port);
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
    for (const node of this.masters) {
      if (node !== from && node !== to) {
        await node.server.ask("CLUSTER", "SETSLOT", slot, "NODE", to.id);
      }
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

async function startNode(): Promise<ClusterNode> {
  const [port, busPort] = [await freePort(), await freePort()];
  const timeout = ["--cluster-node-timeout", String(nodeTimeoutMs)];
  const args = ["--cluster-enabled", "yes", "--cluster-port", String(busPort), ...timeout];
  const server = await RedisServer.start({
    port,
    busPort,
    args: [...args, "--repl-diskless-sync-delay", "0"],
  });
  return { server, id: String(await server.ask("CLUSTER", "MYID")) };
}

async function isSynced(server: RedisServer): Promise<boolean> {
  return String(await server.ask("INFO", "replication")).includes("master_link_status:up");
}

/** Waits for what servers bring about among themselves. */
export async function until(
  come: () => boolean | Promise<boolean>,
  withinMs = patienceMs,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await come())) {
    if (performance.now() > endMs) throw new Error("it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

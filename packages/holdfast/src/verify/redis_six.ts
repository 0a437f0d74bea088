import { LinkProxy } from "@holdfast/probe/node";
import { type ClusterNode, RedisCluster, until } from "@holdfast/redis/local";
import type { Pause } from "./falling_behind.js";
import type { Guard } from "./own_engine.js";
import { isSynced, leaveBehind } from "./redis_behind.js";

const masters = 3;
/** Past every timeout of the gateways' connections, and past the cluster's. */
const stopMs = 7_000;
/** Slots that go to another master at a time. */
const movedSlots = 10;
const patienceMs = 30_000;

/** A Redis cluster of three masters with a replica each, reached through proxies. */
export class RedisSix {
  readonly proxies: readonly LinkProxy[];
  readonly #cluster: RedisCluster;
  #turn = 0;

  private constructor(cluster: RedisCluster, proxies: readonly LinkProxy[]) {
    this.#cluster = cluster;
    this.proxies = proxies;
  }

  /** `guard` hears of each process that must not outlive the run. */
  static async start(guard: Guard): Promise<RedisSix> {
    const proxies: LinkProxy[] = [];
    try {
      const cluster = await RedisCluster.start(masters, {
        replicas: true,
        args: ["--appendonly", "yes", "--appendfsync", "everysec"],
        onStarted: guard,
        announced: async (port) => {
          const proxy = await LinkProxy.start({ pick: () => port });
          proxies.push(proxy);
          return proxy.port;
        },
      });
      return new RedisSix(cluster, proxies);
    } catch (cause) {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      throw cause;
    }
  }

  get url(): string {
    return this.#cluster.url;
  }

  get pids(): readonly number[] {
    return this.#cluster.nodes.map(({ server }) => server.pid);
  }

  /** Waits until every master has a replica that hears it. */
  async whole(): Promise<void> {
    await until(async () => (await this.#following()) === masters, patienceMs);
  }

  /** Kills a master, whose replica is made one, and starts it again as a replica. */
  async kill(): Promise<void> {
    await this.#replace(await this.#master());
  }

  /** The same with a replica that is behind. */
  async failOver(pause: Pause): Promise<void> {
    const master = await this.#master();
    await leaveBehind(master.server, pause);
    await this.#replace(master);
  }

  /** Freezes a master, whose replica is made one, and lets it go on as the one it no longer is. */
  async stop(pause: Pause): Promise<void> {
    const { server } = await this.#master();
    server.kill("SIGSTOP");
    await pause(stopMs);
    server.kill("SIGCONT");
  }

  /** Moves slots that are in use to another master, while they are. */
  async move(): Promise<void> {
    const from = await this.#master();
    const to = (await this.#masters()).find((node) => node !== from);
    if (to === undefined) throw new Error("there is no other master");
    const keys = await from.server.ask("KEYS", "*");
    const slots = new Set<number>();
    for (const key of Array.isArray(keys) ? keys : []) {
      if (slots.size >= movedSlots) break;
      slots.add(Number(await from.server.ask("CLUSTER", "KEYSLOT", String(key))));
    }
    for (const slot of slots) await this.#cluster.moveSlot(slot, to, async () => {});
  }

  async close(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await this.#cluster.dispose();
  }

  async #replace(master: ClusterNode): Promise<void> {
    const slot = await this.#slotOf(master);
    await master.server.crash();
    await until(async () => (await this.#cluster.ownerOf(slot)) !== master, patienceMs);
    await master.server.start();
  }

  /** Those that are masters now, one after the other. */
  async #master(): Promise<ClusterNode> {
    const now = await this.#masters();
    this.#turn += 1;
    const master = now[this.#turn % now.length];
    if (master === undefined) throw new Error("there is no master");
    return master;
  }

  async #masters(): Promise<readonly ClusterNode[]> {
    const share = 16_384 / masters;
    const owners = Array.from({ length: masters }, (_, at) => Math.floor((at + 0.5) * share));
    const found = await Promise.all(owners.map((slot) => this.#cluster.ownerOf(slot)));
    return [...new Set(found)];
  }

  async #slotOf(master: ClusterNode): Promise<number> {
    const share = 16_384 / masters;
    for (let at = 0; at < masters; at += 1) {
      const slot = Math.floor((at + 0.5) * share);
      if ((await this.#cluster.ownerOf(slot)) === master) return slot;
    }
    throw new Error("the server has no slot");
  }

  async #following(): Promise<number> {
    const synced = await Promise.all(this.#cluster.nodes.map(({ server }) => isSynced(server)));
    return synced.filter(Boolean).length;
  }
}

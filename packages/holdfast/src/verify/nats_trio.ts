import { NatsCluster } from "@holdfast/nats/local";
import type { Pause } from "./falling_behind.js";
import type { Guard } from "./own_engine.js";

/** Long enough for the others to have elected a leader. */
const restartAfterMs = 3_000;
/** Past every timeout of the gateways' connections. */
const stopMs = 7_000;
const streams = 4;

type Server = NatsCluster["servers"][number];

/** Three NATS servers that keep every stream together. What is hit leads one of the streams. */
export class NatsTrio {
  readonly #cluster: NatsCluster;
  #turn = 0;

  private constructor(cluster: NatsCluster) {
    this.#cluster = cluster;
  }

  /** `guard` hears of each process that must not outlive the run. */
  static async start(guard: Guard): Promise<NatsTrio> {
    return new NatsTrio(await NatsCluster.start({ onStarted: guard }));
  }

  get servers(): readonly Server[] {
    return this.#cluster.servers;
  }

  /** Waits until nothing is lost with one server. */
  async whole(): Promise<void> {
    await this.#cluster.whole();
  }

  /** Kills a leader and starts it again on what its disk holds. */
  async kill(pause: Pause): Promise<void> {
    const leader = await this.#leader();
    await leader.crash();
    await pause(restartAfterMs);
    await leader.start();
  }

  /** Freezes a leader past every timeout. */
  async stop(pause: Pause): Promise<void> {
    await frozen([await this.#leader()], pause);
  }

  /** Kills a leader and starts it again without its data, which it has to get from the others. */
  async empty(pause: Pause): Promise<void> {
    const leader = await this.#leader();
    await leader.empty();
    await pause(restartAfterMs);
    await leader.start();
  }

  /** Freezes two of the three: the one that is left may acknowledge nothing. */
  async majority(pause: Pause): Promise<void> {
    const leader = await this.#leader();
    const other = this.servers.find((server) => server !== leader);
    await frozen(other === undefined ? [leader] : [leader, other], pause);
  }

  async close(): Promise<void> {
    await this.#cluster.dispose();
  }

  async #leader(): Promise<Server> {
    this.#turn += 1;
    return await this.#cluster.leaderOf(`holdfast-${this.#turn % streams}`);
  }
}

async function frozen(servers: readonly Server[], pause: Pause): Promise<void> {
  for (const server of servers) server.kill("SIGSTOP");
  await pause(stopMs);
  for (const server of servers) server.kill("SIGCONT");
}

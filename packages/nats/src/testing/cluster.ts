import { freePort, NatsServer } from "../local/mod.js";

const patienceMs = 60_000;
const pauseMs = 100;

interface Clustered {
  readonly leader?: string;
  readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
}

/** Real servers that are a cluster on the loopback interface. */
export class NatsCluster {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /** Starts three servers and waits until JetStream has a leader among them. */
  static async start(): Promise<NatsCluster> {
    const routes = [await freePort(), await freePort(), await freePort()];
    const urls = routes.map((port) => `nats-route://127.0.0.1:${port}`);
    const servers = await Promise.all(
      routes.map((port, at) =>
        NatsServer.make({
          name: `n${at}`,
          syncAlways: false,
          config: [
            "cluster {",
            "name: trial",
            `listen: "127.0.0.1:${port}"`,
            `routes: ${JSON.stringify(urls)}`,
            "}",
          ].join("\n"),
        }),
      ),
    );
    const cluster = new NatsCluster(servers);
    try {
      await Promise.all(servers.map((server) => server.start()));
      await cluster.#led();
    } catch (cause) {
      await cluster.dispose();
      throw cause;
    }
    return cluster;
  }

  get url(): string {
    return `nats://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }

  /** The server that leads a stream, once its copies are all there and equal. */
  async leaderOf(stream: string): Promise<NatsServer> {
    return await until(`${stream} has no leader with two followers`, async () => {
      for (const server of this.servers) {
        const { cluster } = (await server.ask(`STREAM.INFO.${stream}`)) as { cluster?: Clustered };
        const { leader, replicas = [] } = cluster ?? {};
        const equal = replicas.filter(({ current, offline }) => current && offline !== true);
        if (leader !== undefined && equal.length === this.servers.length - 1) {
          return this.servers[Number(leader.slice(1))];
        }
      }
      return undefined;
    });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.dispose()));
  }

  /** Waits until a stream of three copies can be made. */
  async #led(): Promise<void> {
    const [first] = this.servers;
    const trial = { name: "led", subjects: ["led"], num_replicas: 3 };
    await until("JetStream has no leader", async () => {
      const answer = await first?.ask("STREAM.CREATE.led", trial);
      return answer?.error === undefined ? answer : undefined;
    });
    await first?.ask("STREAM.DELETE.led");
  }
}

/** Looks until there is something to be seen; not being answered is nothing to be seen. */
async function until<T>(otherwise: string, look: () => Promise<T | undefined>): Promise<T> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const seen = await look().catch(() => undefined);
    if (seen !== undefined) return seen;
    if (performance.now() > untilMs) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

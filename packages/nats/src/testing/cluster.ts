import { freePort, NatsServer } from "../local/mod.js";

const patienceMs = 30_000;

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

  /** The server that leads a stream, as one of the living sees it. */
  async leaderOf(stream: string, living: NatsServer): Promise<NatsServer> {
    const { cluster } = (await living.ask(`STREAM.INFO.${stream}`)) as {
      cluster?: { leader?: string };
    };
    const server = this.servers[Number(cluster?.leader?.slice(1))];
    if (server === undefined) throw new Error(`nobody leads ${stream}`);
    return server;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.dispose()));
  }

  /** Waits until a stream of three copies can be made. */
  async #led(): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    const trial = { name: "led", subjects: ["led"], num_replicas: 3 };
    for (;;) {
      const [first] = this.servers;
      const answer = await first?.ask("STREAM.CREATE.led", trial).catch(() => undefined);
      if (answer !== undefined && answer.error === undefined) {
        await first?.ask("STREAM.DELETE.led");
        return;
      }
      if (performance.now() > untilMs) throw new Error("JetStream has no leader");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

import { freePort, NatsServer, type NatsServerOptions } from "./nats_server.js";

const patienceMs = 60_000;
/** Patience until servers that have just been started have a leader. */
const ledMs = 30_000;
const maxStarts = 3;
const pauseMs = 100;
const size = 3;

interface Clustered {
  readonly leader?: string;
  readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
}

/** What its servers are started with. */
export type NatsClusterOptions = Pick<NatsServerOptions, "onStarted">;

/** Three real servers that are a cluster on the loopback interface. */
export class NatsCluster {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /**
   * Starts three servers and waits until JetStream has a leader among them; begins anew on other ports where it has
   * none for long, since somebody else may have taken one that was free.
   */
  static async start(options: NatsClusterOptions = {}): Promise<NatsCluster> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await NatsCluster.#begun(options);
      } catch (cause) {
        if (tries === maxStarts) throw cause;
      }
    }
  }

  static async #begun(options: NatsClusterOptions): Promise<NatsCluster> {
    const routes = await Promise.all(Array.from({ length: size }, () => freePort()));
    const urls = routes.map((port) => `nats-route://127.0.0.1:${port}`);
    const servers = await Promise.all(
      routes.map((port, at) =>
        NatsServer.make({
          ...options,
          name: `n${at}`,
          syncAlways: false,
          config: [
            "cluster {",
            `name: "trial-${routes.join("-")}"`,
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
        const { cluster } = await answerOf<{ cluster?: Clustered }>(
          server,
          `STREAM.INFO.${stream}`,
        );
        if (isWhole(cluster)) return this.servers[Number(cluster?.leader?.slice(1))];
      }
      return undefined;
    });
  }

  /** Waits until every stream has a leader, and its copies are all there and equal. */
  async whole(): Promise<void> {
    await until("not every stream has three equal copies", async () => {
      for (const server of this.servers) {
        const { streams } = await answerOf<{ streams?: { cluster?: Clustered }[] | null }>(
          server,
          "STREAM.LIST",
        );
        if (!Array.isArray(streams)) return undefined;
        if (!streams.every(({ cluster }) => isWhole(cluster))) return undefined;
      }
      return true;
    });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.dispose()));
  }

  /** Waits until a stream of three copies can be made. */
  async #led(): Promise<void> {
    const [first] = this.servers;
    const trial = { name: "led", subjects: ["led"], num_replicas: size };
    await until(
      "JetStream has no leader",
      async () => {
        const answer = await first?.ask("STREAM.CREATE.led", trial);
        return answer?.error === undefined ? answer : undefined;
      },
      ledMs,
    );
    await first?.ask("STREAM.DELETE.led");
  }
}

/** Whoever cannot be asked has said nothing. */
async function answerOf<Answer extends object>(
  server: NatsServer,
  operation: string,
): Promise<Partial<Answer>> {
  return (await server.ask(operation).catch(() => ({}))) as Partial<Answer>;
}

function isWhole({ leader, replicas = [] }: Clustered = {}): boolean {
  const equal = replicas.filter(({ current, offline }) => current && offline !== true);
  return leader !== undefined && equal.length === size - 1;
}

/** Looks until there is something to be seen; not being answered is nothing to be seen. */
async function until<T>(
  otherwise: string,
  look: () => Promise<T | undefined>,
  ms = patienceMs,
): Promise<T> {
  const untilMs = performance.now() + ms;
  for (;;) {
    const seen = await look().catch(() => undefined);
    if (seen !== undefined) return seen;
    if (performance.now() > untilMs) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

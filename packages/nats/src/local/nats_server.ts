import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { connect } from "@nats-io/transport-node";

const usualCommand = process.env.HOLDFAST_NATS_SERVER ?? "nats-server";
const patienceMs = 60_000;
const askMs = 10_000;

/** What a local server is started with. */
export interface NatsServerOptions {
  /** A port of the loopback interface; none: a free one. */
  readonly port?: number;
  /** Further lines of its configuration. */
  readonly config?: string;
  /** Its name; a cluster's servers need different ones. */
  readonly name?: string;
  readonly command?: string;
  /** Keeps every write on disk before it is acknowledged, where the server can. Default: true. */
  readonly syncAlways?: boolean;
  /** Default: true. */
  readonly jetStream?: boolean;
  /** Where it keeps its data; none: a folder of its own that goes with it. */
  readonly folder?: string;
  /** Hears each of its processes as it begins. */
  readonly onStarted?: (pid: number) => void;
}

/** A free port of the loopback interface. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return address.port;
}

/** The version of a server's binary, as numbers. */
export async function natsVersion(command = usualCommand): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)(command, ["--version"]);
  const match = /v(\d+)\.(\d+)\.(\d+)/.exec(stdout);
  if (match === null) throw new Error(`nats-server says its version is ${stdout}`);
  return match.slice(1).map(Number);
}

/** Whether a server can be told to keep every write on disk before it acknowledges it; from 2.10 on. */
async function syncsAlways(command: string): Promise<boolean> {
  const [major = 0, minor = 0] = await natsVersion(command);
  return major > 2 || minor >= 10;
}

/** A real nats-server with JetStream, ended by its process id. */
export class NatsServer {
  readonly folder: string;
  readonly port: number;
  readonly #options: NatsServerOptions;
  readonly #ownFolder: boolean;
  #process: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  private constructor(port: number, options: NatsServerOptions) {
    this.port = port;
    this.#options = options;
    this.#ownFolder = options.folder === undefined;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), "hf-nats-"));
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = await NatsServer.make(options);
    await server.start();
    return server;
  }

  /** One that is not started yet. */
  static async make(options: NatsServerOptions = {}): Promise<NatsServer> {
    return new NatsServer(options.port ?? (await freePort()), options);
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error("the server does not run");
    return pid;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it on what its folder holds; waits until it lets clients in. */
  async start(): Promise<void> {
    const { command = usualCommand } = this.#options;
    const file = join(this.folder, "server.conf");
    const { syncAlways = true } = this.#options;
    await writeFile(file, this.#config(syncAlways && (await syncsAlways(command))));
    const child = spawn(command, ["-c", file], { stdio: "ignore" });
    this.#process = child;
    if (child.pid !== undefined) this.#options.onStarted?.(child.pid);
    let failed: unknown;
    this.#exited = new Promise<void>((resolve) => {
      child.once("exit", (code) => {
        failed ??= new Error(`nats-server ended with ${code}`);
        resolve();
      });
      child.once("error", (cause) => {
        failed = new Error("nats-server cannot be started", { cause });
        resolve();
      });
    });
    try {
      await this.#answering(() => failed);
    } catch (cause) {
      await this.crash();
      throw cause;
    }
  }

  /** Settles when it has ended, for whatever reason. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends it at once, as a crash does. */
  async crash(): Promise<void> {
    this.kill("SIGCONT");
    this.kill("SIGKILL");
    await this.#exited;
    this.#process = undefined;
  }

  /** Sends one request of JetStream's API by a connection of its own. */
  async ask(operation: string, body: unknown = ""): Promise<Record<string, unknown>> {
    const connection = await connect({
      servers: `127.0.0.1:${this.port}`,
      ignoreClusterUpdates: true,
    });
    try {
      const text = body === "" ? "" : JSON.stringify(body);
      const answer = await connection.request(`$JS.API.${operation}`, text, { timeout: askMs });
      return answer.json();
    } finally {
      await connection.close();
    }
  }

  /** The names of the streams that store a subject. */
  async streamNames(subject = ">"): Promise<readonly string[]> {
    const { streams } = await this.ask("STREAM.NAMES", { subject });
    return Array.isArray(streams) ? streams : [];
  }

  /** Removes the streams that store a subject, while it goes on; without one: all. */
  async removeStreams(subject?: string): Promise<void> {
    for (const name of await this.streamNames(subject)) await this.ask(`STREAM.DELETE.${name}`);
  }

  /** Ends it and removes what it has stored. */
  async empty(): Promise<void> {
    await this.crash();
    await rm(join(this.folder, "jetstream"), { recursive: true });
  }

  /** Ends it and removes its folder. */
  async dispose(): Promise<void> {
    if (this.#process !== undefined) await this.crash();
    if (this.#ownFolder) await rm(this.folder, { recursive: true, force: true });
  }

  #config(syncAlways: boolean): string {
    const { name = "holdfast", config = "", jetStream = true } = this.#options;
    return [
      `server_name: ${name}`,
      `listen: "127.0.0.1:${this.port}"`,
      ...(jetStream
        ? [
            `jetstream {`,
            `store_dir: ${JSON.stringify(this.folder)}`,
            ...(syncAlways ? ["sync_interval: always"] : []),
            "}",
          ]
        : []),
      config,
      "",
    ].join("\n");
  }

  /** The first thing a server says to a client is what it is. */
  async #answering(failed: () => unknown): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      const failure = failed();
      if (failure !== undefined) throw failure;
      if (await greets(this.port)) return;
      if (performance.now() > untilMs) throw new Error("nats-server does not answer");
      await delay(10);
    }
  }
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    const end = (greeted: boolean) => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once("data", (data) => end(data.toString("latin1").startsWith("INFO ")));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
  });
}

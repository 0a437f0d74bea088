import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";

const command = process.env.HOLDFAST_REDIS_SERVER ?? "redis-server";
const patienceMs = 15_000;

/** What a server under test is started with. */
export interface ServerOptions {
  /** Further words of its command line. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A port of the loopback interface; none: only the socket. */
  readonly port?: number;
  /** Where the other servers of a cluster reach it. */
  readonly busPort?: number;
  /** Hears each of its processes as it begins. */
  readonly onStarted?: (pid: number) => void;
}

/** A free port of the loopback interface, for what cannot do with a socket of the file system. */
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

/** A real redis-server in a folder of its own, ended by its process id. */
export class RedisServer {
  readonly folder = mkdtempSync(join(tmpdir(), "hf-redis-"));
  readonly socketPath = join(this.folder, "redis.sock");
  readonly #options: ServerOptions;
  #process: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: ServerOptions = {}) {
    this.#options = options;
  }

  static async start(options: ServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options);
    await server.start();
    return server;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error("the server does not run");
    return pid;
  }

  get port(): number {
    return this.#options.port ?? 0;
  }

  get busPort(): number {
    return this.#options.busPort ?? 0;
  }

  /** Starts it on what its folder holds, and on a configuration file if it needs one; waits until it answers. */
  async start(extra: readonly string[] = [], file?: string): Promise<void> {
    const { args = [], env = {}, port = 0 } = this.#options;
    const words = [
      ...(file === undefined ? [] : [file]),
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--dir",
      this.folder,
    ];
    words.push("--unixsocket", this.socketPath, "--save", "", "--daemonize", "no");
    const child = spawn(command, [...words, ...args, ...extra], {
      env: { ...process.env, ...env },
      stdio: "ignore",
    });
    this.#process = child;
    if (child.pid !== undefined) this.#options.onStarted?.(child.pid);
    let failed: unknown;
    this.#exited = new Promise<void>((resolve) => {
      child.once("exit", (code) => {
        failed ??= new Error(`redis-server ended with ${code}`);
        resolve();
      });
      child.once("error", (cause) => {
        failed = new Error("redis-server cannot be started", { cause });
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

  /** Ends it and removes its folder. */
  async dispose(): Promise<void> {
    if (this.#process !== undefined) await this.crash();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A connection for the test's own use. */
  client(): Redis {
    return new Redis({ path: this.socketPath, lazyConnect: true, retryStrategy: () => 20 });
  }

  /** Sends one command by a connection of its own. */
  async ask(name: string, ...args: (string | number)[]): Promise<unknown> {
    const client = this.client();
    client.on("error", () => {});
    try {
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  async #answering(failed: () => unknown): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      const failure = failed();
      if (failure !== undefined) throw failure;
      const client = new Redis({
        path: this.socketPath,
        lazyConnect: true,
        enableReadyCheck: false,
        retryStrategy: null,
      });
      let reason = "";
      client.on("error", (error: Error) => {
        reason = error.message;
      });
      try {
        await client.connect();
        await client.ping();
        return;
      } catch (cause) {
        // It answers that it wants a password, which others have.
        if (reason.startsWith("NOAUTH")) return;
        if (performance.now() > untilMs) throw new Error("redis-server does not answer", { cause });
        await delay(10);
      } finally {
        client.disconnect();
      }
    }
  }
}

import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { NatsServer } from "@holdfast/nats/local";
import { fallBehind, type Pause } from "./falling_behind.js";

const restartAfterMs = 500;
/** Past every timeout of the gateways' connections. */
const stopMs = 7_000;

/** One NATS server that writes everything to its disk before it acknowledges, where it can. */
export class NatsSingle {
  readonly #server: NatsServer;

  private constructor(server: NatsServer) {
    this.#server = server;
  }

  /** `guard` hears of each process that must not outlive the run. */
  static async start(guard: (pid: number) => void): Promise<NatsSingle> {
    return new NatsSingle(await NatsServer.start({ onStarted: guard }));
  }

  get port(): number {
    return this.#server.port;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Kills it and starts it again on what its disk holds. */
  async kill(pause: Pause): Promise<void> {
    await this.#server.crash();
    await pause(restartAfterMs);
    await this.#server.start();
  }

  /** Freezes it past every timeout. */
  async stop(pause: Pause): Promise<void> {
    this.#server.kill("SIGSTOP");
    await pause(stopMs);
    this.#server.kill("SIGCONT");
  }

  /** Loses everything, while it goes on. */
  async wipe(): Promise<void> {
    await this.#server.removeStreams();
  }

  /** Puts an older copy of its disk in place of what it has: what was acknowledged since is lost. */
  async restore(pause: Pause): Promise<void> {
    const { folder } = this.#server;
    const [data, copy] = [join(folder, "jetstream"), join(folder, "copy")];
    await this.#server.crash();
    await cp(data, copy, { recursive: true });
    await this.#server.start();
    await fallBehind(() => this.#stored(), pause);
    await this.#server.crash();
    await rm(data, { recursive: true });
    await cp(copy, data, { recursive: true });
    await rm(copy, { recursive: true });
    await this.#server.start();
  }

  async close(): Promise<void> {
    await this.#server.dispose();
  }

  /** Messages that were ever stored. */
  async #stored(): Promise<number> {
    const { streams } = await this.#server.ask("STREAM.LIST");
    return (Array.isArray(streams) ? streams : []).reduce(
      (sum, { state }) => sum + state.last_seq,
      0,
    );
  }
}

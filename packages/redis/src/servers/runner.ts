import { allScripts } from "../scripts/all.js";
import type { Script } from "../scripts/script.js";
import { commandError, isTimeout } from "./errors.js";
import { loadScripts } from "./inspection.js";
import { type Argument, CommandError, type Reply } from "./servers.js";

/** The part of an ioredis client that commands go through. */
export interface Commander {
  callBuffer(command: string, ...args: Argument[]): Promise<unknown>;
}

/** Sends commands and scripts by one client, and says what became of those that failed. */
export class Runner {
  readonly #client: Commander;
  readonly #useless: () => void;
  #digests: ReadonlyMap<Script, string> = new Map();

  /**
   * `useless` is called when an answer did not come, so that the client cannot be trusted any more,
   * and when its server is no longer a master.
   */
  constructor(client: Commander, useless: () => void) {
    this.#client = client;
    this.#useless = useless;
  }

  async load(): Promise<void> {
    this.#digests = await loadScripts((...args) => this.command(...args), allScripts);
  }

  async command(name: string, ...args: Argument[]): Promise<Reply> {
    try {
      return (await this.#client.callBuffer(name, ...args)) as Reply;
    } catch (cause) {
      const error = commandError(cause);
      if (isTimeout(error) || error.code === "READONLY") this.#useless();
      throw error;
    }
  }

  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const digest = this.#digests.get(script);
    if (digest !== undefined) {
      try {
        return await this.command("EVALSHA", digest, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof CommandError) || error.code !== "NOSCRIPT") throw error;
      }
    }
    // Calls that come back with NOSCRIPT come back in order, so their repeats are in order too.
    return await this.command("EVAL", script.source, keys.length, ...keys, ...args);
  }
}

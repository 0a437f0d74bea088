import type { Send } from "./inspection.js";
import { numberOf } from "./replies.js";

/** Connections remembered until they are known to have ended. */
const maxRemembered = 8;

interface Connection {
  /** Names one start of the server's process: numbers begin again with it. */
  readonly runId: string | undefined;
  readonly id: number;
}

/**
 * Ends the connections that the present one replaced, as the server knows them. What had been sent by
 * them may still be on its way: carried out later than what is sent from now on, it could undo that, as
 * a leave does that comes after the member has entered again.
 */
export class Predecessors {
  #connections: readonly Connection[] = [];

  /** By the present connection, before anything else is sent by it. `runId` is the server's. */
  async end(send: Send, runId: string | undefined): Promise<void> {
    const here = this.#connections.filter((connection) => connection.runId === runId);
    try {
      for (const { id } of here) await send("CLIENT", "KILL", "ID", id);
      const id = numberOf(await send("CLIENT", "ID"));
      this.#connections = [{ runId, id }];
    } catch {
      // Not permitted to this user, or lost once more: the next one ends them.
      this.#connections = here.slice(-maxRemembered);
    }
  }
}

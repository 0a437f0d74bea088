import {
  type ClusterCommand,
  type Done,
  isResourceName,
  type RecentCommands,
} from "@holdfast/broker";
import type { Random } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf } from "./failures.js";
import type { Keys } from "./keys.js";
import type { RedisLimits } from "./limits.js";
import { newLife } from "./publishing/publisher.js";
import { broadcastScript, recentCommandsScript } from "./scripts/commands.js";
import { listOf, numberOf, textOf } from "./servers/replies.js";
import type { Servers } from "./servers/servers.js";

/** Cluster-wide commands: told to every link, and kept for a while to be read again. */
export class Commands {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #limits: RedisLimits;
  readonly #random: Random;

  constructor(servers: Servers, keys: Keys, limits: RedisLimits, random: Random) {
    this.#servers = servers;
    this.#keys = keys;
    this.#limits = limits;
    this.#random = random;
  }

  async broadcast(command: ClusterCommand): Promise<Done> {
    const text = this.#textOf(command);
    if (typeof text !== "string") return text;
    const publish = this.#servers.sharded ? "SPUBLISH" : "PUBLISH";
    try {
      const args = [...this.#head(), publish, this.#keys.commandRelay, text];
      await this.#servers.run(broadcastScript, [this.#keys.commands], args);
      return { ok: true };
    } catch (error) {
      return failureOf(error);
    }
  }

  async since(cursor: string | undefined): Promise<RecentCommands | Failure> {
    const [life = "", number = ""] = cursor?.split(".") ?? [];
    try {
      const args = [...this.#head(), life, number];
      const reply = listOf(
        await this.#servers.run(recentCommandsScript, [this.#keys.commands], args),
      );
      return {
        cursor: `${textOf(reply[0])}.${textOf(reply[1])}`,
        complete: numberOf(reply[2]) === 1,
        commands: listOf(reply[3]).map((text) => decodeCommand(textOf(text))),
      };
    } catch (error) {
      return failureOf(error);
    }
  }

  #head(): readonly number[] {
    const { commandWindowMs, maxCommands } = this.#limits;
    return [newLife(this.#random), commandWindowMs, maxCommands];
  }

  #textOf({ id, name, data }: ClusterCommand): string | Failure {
    if (!isResourceName(id)) return failure("invalid_field", undefined, { field: "/id" });
    if (!isResourceName(name)) return failure("invalid_field", undefined, { field: "/name" });
    try {
      const size = data === undefined ? 0 : Buffer.byteLength(JSON.stringify(data));
      if (size > this.#limits.maxCommandBytes) return failure("too_large");
      return JSON.stringify({ id, name, data });
    } catch {
      return failure("invalid_data");
    }
  }
}

/** A command as it is kept and relayed. */
export function decodeCommand(text: string): ClusterCommand {
  return JSON.parse(text);
}

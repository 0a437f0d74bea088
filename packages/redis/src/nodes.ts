import type { Done, NodeRecord, NodeStatus } from "@holdfast/broker";
import { nodeRecord } from "@holdfast/broker/internal";
import type { Failure } from "@holdfast/protocol";
import { failureOf } from "./failures.js";
import type { Keys } from "./keys.js";
import type { RedisLimits } from "./limits.js";
import type { Incarnation } from "./presence/incarnation.js";
import { removeNodeScript } from "./scripts/presence.js";
import { listOf, textOf } from "./servers/replies.js";
import type { Servers } from "./servers/servers.js";

/** What the gateways say of themselves, each under its incarnation's lease. */
export class Nodes {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #limits: RedisLimits;
  readonly #gateway: string;
  readonly #incarnation: Incarnation;
  #last: string | undefined;

  constructor(
    servers: Servers,
    keys: Keys,
    limits: RedisLimits,
    gateway: string,
    incarnation: Incarnation,
  ) {
    this.#servers = servers;
    this.#keys = keys;
    this.#limits = limits;
    this.#gateway = gateway;
    this.#incarnation = incarnation;
  }

  async announce(status: NodeStatus): Promise<Done> {
    const record = nodeRecord(this.#gateway, status, this.#limits);
    if ("ok" in record) return record;
    const text = JSON.stringify(record);
    this.#last = text;
    try {
      await this.#write(text);
      return { ok: true };
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Says it again under a new incarnation. */
  async again(): Promise<void> {
    if (this.#last !== undefined) await this.#write(this.#last);
  }

  async list(): Promise<readonly NodeRecord[] | Failure> {
    try {
      const [{ alive }, records] = await Promise.all([this.#incarnation.look(), this.#read()]);
      const living = new Set(alive);
      return records
        .filter(({ owner }) => living.has(owner))
        .map(({ record }) => record)
        .sort((left, right) => (left.gateway < right.gateway ? -1 : 1));
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Takes this gateway off the list. */
  async remove(): Promise<void> {
    if (this.#last !== undefined) await this.#remove(this.#gateway, this.#incarnation.name);
  }

  /** Takes whatever a dead incarnation said off the list. */
  async sweep(owner: string): Promise<void> {
    for (const { owner: found, record } of await this.#read()) {
      if (found === owner) await this.#remove(record.gateway, owner);
    }
  }

  async #write(text: string): Promise<void> {
    const value = `${this.#incarnation.name} ${text}`;
    await this.#servers.command("HSET", this.#keys.nodes, this.#gateway, value);
  }

  async #remove(gateway: string, owner: string): Promise<void> {
    await this.#servers.run(removeNodeScript, [this.#keys.nodes], [gateway, owner]);
  }

  async #read(): Promise<{ readonly owner: string; readonly record: NodeRecord }[]> {
    const fields = listOf(await this.#servers.command("HVALS", this.#keys.nodes)).map(textOf);
    return fields.map((field) => {
      const end = field.indexOf(" ");
      return { owner: field.slice(0, end), record: JSON.parse(field.slice(end + 1)) };
    });
  }
}

import type { Done, NodeRecord, NodeStatus } from "@holdfast/broker";
import { nodeRecord } from "@holdfast/broker/internal";
import type { Failure } from "@holdfast/protocol";
import { failureOf } from "./failures.js";
import type { Parts } from "./parts.js";
import type { Incarnation } from "./presence/incarnation.js";

/** What the gateways say of themselves, each with its lease. */
export class Nodes {
  readonly #parts: Parts;
  readonly #incarnation: Incarnation;

  constructor(parts: Parts, incarnation: Incarnation) {
    this.#parts = parts;
    this.#incarnation = incarnation;
  }

  async announce(status: NodeStatus): Promise<Done> {
    const { gateway, limits } = this.#parts;
    const record = nodeRecord(gateway, status, limits);
    if ("ok" in record) return record;
    this.#incarnation.node = record;
    try {
      await this.#incarnation.renew();
      return { ok: true };
    } catch (error) {
      return failureOf(error);
    }
  }

  async list(): Promise<readonly NodeRecord[] | Failure> {
    try {
      const byName = new Map<string, NodeRecord>();
      for (const { over, node } of await this.#incarnation.look()) {
        if (!over && node !== undefined) byName.set(node.gateway, node);
      }
      return [...byName.values()].sort((left, right) => (left.gateway < right.gateway ? -1 : 1));
    } catch (error) {
      return failureOf(error);
    }
  }
}

import { type Failure, failure } from "@holdfast/protocol";
import type { NodeRecord, NodeStatus } from "../contract/cluster.js";
import type { Done } from "../contract.js";
import type { MemoryLimits } from "./options.js";
import { copyData } from "./payload.js";
import type { LeaseHolder } from "./presence.js";

/** Checks and copies what a gateway says of itself. */
export function nodeRecord(
  gateway: string,
  status: NodeStatus,
  limits: Pick<MemoryLimits, "maxNodeBytes">,
): NodeRecord | Failure {
  const { version, startedMs, connections, channels, figures } = status;
  const record = {
    gateway,
    version,
    startedMs,
    connections,
    channels,
    ...(figures === undefined ? {} : { figures: { ...figures } }),
  };
  const size = copyData(record)?.bytes;
  if (size === undefined) return failure("invalid_data");
  return size > limits.maxNodeBytes ? failure("too_large") : record;
}

/** What the gateways with a living lease said of themselves. */
export class Nodes {
  readonly #limits: MemoryLimits;
  readonly #records = new Map<
    string,
    { readonly owner: LeaseHolder; readonly record: NodeRecord }
  >();

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  announce(owner: LeaseHolder, gateway: string, status: NodeStatus): Done {
    const record = nodeRecord(gateway, status, this.#limits);
    if ("ok" in record) return record;
    this.#records.set(gateway, { owner, record });
    return { ok: true };
  }

  /** The lease ended; a later incarnation of the same name keeps its record. */
  remove(owner: LeaseHolder, gateway: string): void {
    if (this.#records.get(gateway)?.owner === owner) this.#records.delete(gateway);
  }

  list(): NodeRecord[] {
    return [...this.#records.values()]
      .map(({ record }) => record)
      .sort((left, right) => (left.gateway < right.gateway ? -1 : 1));
  }

  clear(): void {
    this.#records.clear();
  }
}

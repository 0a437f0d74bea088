import type { BrokerCapabilities, BrokerFeature } from "../contract/capabilities.js";
import { brokerFeatures } from "../contract/capabilities.js";
import type { Broker, BrokerLink, BrokerListener } from "../contract.js";
import { EngineError } from "../engines.js";
import { PartitionedLink } from "./link.js";
import { Listeners } from "./listeners.js";
import { PartitionMap, type Share } from "./partition-map.js";
import { claimShare } from "./share-record.js";

/** Deployments that share the partitions out among themselves. */
export interface PartitionedOptions {
  /** Each with a store of its own. They must have the same number of partitions. */
  readonly deployments: readonly Broker[];
  /** Partitions of each deployment, in their order; without it the shares are even and consecutive. */
  readonly shares?: readonly Share[];
}

/**
 * An engine of several deployments: each has some of the partitions, with every channel, subject, log
 * and lease in them. Cluster-wide commands and the list of nodes are kept by the one that has partition 0.
 * Every gateway has to be given the same deployments in the same order; each deployment remembers
 * its share, and `connect` rejects with an EngineError where it is given another one.
 *
 * Throws EngineError when the shares are none.
 */
export function createPartitionedBroker(options: PartitionedOptions): Broker {
  return new PartitionedBroker(options);
}

class PartitionedBroker implements Broker {
  readonly capabilities: BrokerCapabilities;
  readonly #deployments: readonly Broker[];
  readonly #map: PartitionMap;

  constructor({ deployments, shares }: PartitionedOptions) {
    this.#deployments = deployments;
    this.capabilities = capabilitiesOf(deployments);
    const { partitions } = this.capabilities;
    if (shares !== undefined && shares.length !== deployments.length) {
      throw new EngineError(`${shares.length} shares for ${deployments.length} deployments.`);
    }
    this.#map =
      shares === undefined
        ? PartitionMap.even(deployments.length, partitions)
        : new PartitionMap(shares, partitions);
  }

  async connect(gateway: string, listener: BrokerListener): Promise<BrokerLink> {
    const listeners = new Listeners(listener, this.#deployments.length);
    const connecting = this.#deployments.map(async (deployment, index) => {
      const link = await deployment.connect(gateway, listeners.of(index));
      return { link, refusal: await claimShare(link, this.#map, index) };
    });
    const settled = await Promise.allSettled(connecting);
    const links = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const failed = settled.find((each) => each.status === "rejected");
    const refused = links.find(({ refusal }) => refusal !== undefined);
    if (failed !== undefined || refused !== undefined) {
      await Promise.all(links.map(({ link }) => link.close()));
      throw failed?.reason ?? new EngineError(refused?.refusal ?? "");
    }
    listeners.begin();
    return new PartitionedLink(
      links.map(({ link }) => link),
      this.#map,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#deployments.map((deployment) => deployment.close()));
  }
}

/** What all of them can, and the least of what each promises. */
function capabilitiesOf(deployments: readonly Broker[]): BrokerCapabilities {
  const all = deployments.map(({ capabilities }) => capabilities);
  const [first] = all;
  if (first === undefined) throw new EngineError("There is no deployment.");
  if (all.some(({ partitions }) => partitions !== first.partitions)) {
    throw new EngineError(
      `The deployments have ${all.map(({ partitions }) => partitions).join(", ")} partitions; they must have the same number.`,
    );
  }
  const least = (of: (capabilities: BrokerCapabilities) => number) => Math.min(...all.map(of));
  const most = (of: (capabilities: BrokerCapabilities) => number) => Math.max(...all.map(of));
  const feature = (name: BrokerFeature) =>
    all.map(({ features }) => features[name]).find((can) => can !== true) ?? true;
  return {
    engine: [...new Set(all.map(({ engine }) => engine))].join(" and "),
    durability: weakest(all.map(({ durability }) => durability)),
    features: Object.fromEntries(
      brokerFeatures.map((name) => [name, feature(name)]),
    ) as BrokerCapabilities["features"],
    partitions: first.partitions,
    keyWindowMs: least(({ keyWindowMs }) => keyWindowMs),
    presenceLeaseMs: most(({ presenceLeaseMs }) => presenceLeaseMs),
    presenceGraceMs: most(({ presenceGraceMs }) => presenceGraceMs),
    commandWindowMs: least(({ commandWindowMs }) => commandWindowMs),
    fenceWindowMs: least(({ fenceWindowMs }) => fenceWindowMs),
  };
}

const durabilities = ["none", "as configured", "disk", "replicated"] as const;

function weakest(given: readonly BrokerCapabilities["durability"][]) {
  return durabilities.find((durability) => given.includes(durability)) ?? "none";
}

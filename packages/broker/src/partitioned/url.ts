import type { Broker } from "../contract.js";
import { EngineError, type EnginePlatform, type OpenEngine } from "../engines.js";
import { createPartitionedBroker } from "./broker.js";
import type { Share } from "./partition-map.js";

/** One deployment as it is named: its URL, and its partitions behind `#` where they are given. */
export interface NamedDeployment {
  readonly url: string;
  readonly open: OpenEngine;
  readonly share?: Share;
}

/** Opens deployments that share the partitions. Rejects with an EngineError for shares that are none. */
export async function openPartitioned(
  named: readonly NamedDeployment[],
  platform: EnginePlatform,
): Promise<Broker> {
  const shares = named.flatMap(({ share }) => share ?? []);
  if (shares.length > 0 && shares.length < named.length) {
    throw new EngineError("Either every deployment names its partitions (#0-127) or none does.");
  }
  const deployments: Broker[] = [];
  try {
    for (const { url, open } of named) deployments.push(await open(url, platform));
    return createPartitionedBroker({ deployments, ...(shares.length > 0 && { shares }) });
  } catch (cause) {
    await Promise.all(deployments.map((deployment) => deployment.close()));
    throw cause;
  }
}

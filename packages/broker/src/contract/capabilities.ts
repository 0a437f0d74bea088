/** Everything an engine may lack. */
export const brokerFeatures = [
  "history",
  "expectedOffset",
  "presence",
  "snapshots",
  "calls",
  "logs",
  "leases",
  "commands",
  "nodes",
] as const;

/** One of them. */
export type BrokerFeature = (typeof brokerFeatures)[number];

/** What an engine can and promises; the gateway refuses configurations beyond it at start-up. */
export interface BrokerCapabilities {
  readonly engine: string;
  /** What an acknowledged entry survives: nothing, the machine's crash, the loss of a node. */
  readonly durability: "none" | "disk" | "replicated" | "as configured";
  /** true, or a sentence that says how to come by it (another engine, version or configuration). */
  readonly features: Readonly<Record<BrokerFeature, true | string>>;
  readonly partitions: number;
  /** How long publish keys are remembered, in milliseconds. */
  readonly keyWindowMs: number;
  readonly presenceLeaseMs: number;
  readonly presenceGraceMs: number;
  /** How long commands are kept to be read again, in milliseconds. */
  readonly commandWindowMs: number;
  /** How long the token of a deleted log is remembered, in milliseconds. */
  readonly fenceWindowMs: number;
}

/** Every feature, for an engine that lacks none. */
export const allFeatures: BrokerCapabilities["features"] = {
  history: true,
  expectedOffset: true,
  presence: true,
  snapshots: true,
  calls: true,
  logs: true,
  leases: true,
  commands: true,
  nodes: true,
};

/** Something that is configured and needs a feature. */
export interface FeatureNeed {
  readonly feature: BrokerFeature;
  /** What needs it, as it begins a sentence: `channel rule "chat:*" (history)`. */
  readonly by: string;
}

/** What the engine cannot do of what is needed, a sentence each with the way out; empty: nothing is missing. */
export function unmetNeeds(
  { engine, features }: Pick<BrokerCapabilities, "engine" | "features">,
  needs: readonly FeatureNeed[],
): string[] {
  return needs.flatMap(({ feature, by }) => {
    const wayOut = features[feature];
    if (wayOut === true) return [];
    return [`${by} needs ${feature}, which the engine ${engine} cannot give here: ${wayOut}`];
  });
}

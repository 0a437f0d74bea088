export {
  type Broker,
  type BrokerCapabilities,
  type BrokerLink,
  type BrokerListener,
  type Entry,
  type EphemeralRequest,
  type Head,
  type HistoryBounds,
  type HistoryPage,
  type HistoryQuery,
  isFailure,
  type Lineage,
  type Maybe,
  type PartitionChanges,
  type PresenceEvent,
  type PresenceView,
  type Published,
  type PublishOutcome,
  type PublishRequest,
  type Snapshot,
} from "./contract.js";
export { createMemoryBroker, type MemoryBroker } from "./memory/broker.js";
export type { MemoryLink } from "./memory/link.js";
export { type MemoryBrokerOptions, type MemoryLimits, memoryLimits } from "./memory/options.js";

export type {
  CallHandler,
  CallOptions,
  CallOutcome,
  IncomingCall,
  ServeOptions,
  Serving,
} from "./contract/calls.js";
export {
  allFeatures,
  type BrokerCapabilities,
  type BrokerFeature,
  brokerFeatures,
  type FeatureNeed,
  unmetNeeds,
} from "./contract/capabilities.js";
export type {
  ClusterCommand,
  NodeRecord,
  NodeStatus,
  RecentCommands,
} from "./contract/cluster.js";
export type {
  Lease,
  LeaseOutcome,
  LeaseRelease,
  LeaseRenewal,
  LeaseRequest,
} from "./contract/leases.js";
export type {
  LogAppend,
  LogAppended,
  LogDeletion,
  LogEntry,
  LogPage,
  LogQuery,
  LogSnapshot,
  LogSnapshotRequest,
} from "./contract/logs.js";
export { isResourceName, resourceNamePattern } from "./contract/names.js";
export {
  type Broker,
  type BrokerLink,
  type BrokerListener,
  type Done,
  type Entry,
  type EphemeralRequest,
  type Head,
  type HistoryBounds,
  type HistoryPage,
  type HistoryQuery,
  isFailure,
  type LeaveOptions,
  type Lineage,
  type Maybe,
  type PartitionChanges,
  type PresenceEvent,
  type PresenceView,
  type Published,
  type PublisherSession,
  type PublishOutcome,
  type PublishRequest,
  type Snapshot,
} from "./contract.js";
export {
  EngineError,
  type EnginePlatform,
  type Engines,
  embeddedEngines,
  engineFor,
  type OpenEngine,
} from "./engines.js";
export { createMemoryBroker, type MemoryBroker } from "./memory/broker.js";
export type { MemoryLink } from "./memory/link.js";
export { type MemoryBrokerOptions, type MemoryLimits, memoryLimits } from "./memory/options.js";
export { createPartitionedBroker, type PartitionedOptions } from "./partitioned/broker.js";
export type { Share } from "./partitioned/partition-map.js";

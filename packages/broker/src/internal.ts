export { closed, unreachable } from "./engine/failures.js";
export { inTime } from "./engine/in-time.js";
export { engineLimits, resolveEngineLimits, serverLimits } from "./engine/limits.js";
export type {
  Entered,
  Entrant,
  EntryMode,
  EntryOutcome,
  Registry,
} from "./engine/presence/registry.js";
export { Roster } from "./engine/presence/roster.js";
export { ServerLink } from "./engine/server-link.js";
export { Channel } from "./memory/channel.js";
export type { EntryLog } from "./memory/channel-log.js";
export { directRelay, FanOut } from "./memory/fan-out.js";
export {
  bytesOfEntries,
  freshLog,
  judgeAppend,
  judgeDeletion,
  judgeLogSnapshot,
  type LogState,
} from "./memory/fencing.js";
export { type Follower, Follows } from "./memory/follows.js";
export { judgeLeaseFields } from "./memory/leases.js";
export { nodeRecord } from "./memory/nodes.js";
export { type MemoryLimits, resolveLimits as resolveMemoryLimits } from "./memory/options.js";
export { ChangeIndex, partitionOf } from "./memory/partitions.js";
export { copyData, digest, sameData } from "./memory/payload.js";
export { type PreparedPublish, preparePublish } from "./memory/prepared-publish.js";
export type {
  KnownSession,
  Outcome,
  Publishers,
  RememberedPublish,
} from "./memory/publishers.js";

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
export { ChangeIndex, partitionOf } from "./memory/partitions.js";
export { copyData, digest, sameData } from "./memory/payload.js";

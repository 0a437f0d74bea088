import type { Failure } from "@holdfast/protocol";
import type { ClusterCommand, NodeRecord, RecentCommands } from "../../contract/cluster.js";
import type {
  LeaseOutcome,
  LeaseRelease,
  LeaseRenewal,
  LeaseRequest,
} from "../../contract/leases.js";
import type {
  LogAppend,
  LogAppended,
  LogDeletion,
  LogPage,
  LogQuery,
  LogSnapshot,
  LogSnapshotRequest,
} from "../../contract/logs.js";
import type {
  Done,
  EphemeralRequest,
  Head,
  HistoryPage,
  HistoryQuery,
  PartitionChanges,
  PresenceView,
  PublishOutcome,
  PublishRequest,
  Snapshot,
} from "../../contract.js";
import type { Operation } from "./wire.js";

/** The operations that only ask the engine: nothing of them is remembered at the gateway's end. */
export abstract class AskingLink {
  protected abstract ask<T>(operation: Operation): Promise<T | Failure>;

  publish(request: PublishRequest): Promise<PublishOutcome> {
    return this.ask({ op: "publish", args: [request] });
  }

  publishEphemeral(request: EphemeralRequest): Promise<Done> {
    return this.ask({ op: "publishEphemeral", args: [request] });
  }

  read(query: HistoryQuery): Promise<HistoryPage | Failure> {
    return this.ask({ op: "read", args: [query] });
  }

  heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    return this.ask({ op: "heads", args: [channels] });
  }

  changes(partition: number, cursor: string | undefined): Promise<PartitionChanges | Failure> {
    return this.ask({ op: "changes", args: [partition, cursor] });
  }

  loadSnapshot(channel: string): Promise<Snapshot | null | Failure> {
    return this.ask({ op: "loadSnapshot", args: [channel] });
  }

  storeSnapshot(channel: string, snapshot: Snapshot): Promise<boolean | Failure> {
    return this.ask({ op: "storeSnapshot", args: [channel, snapshot] });
  }

  presence(channel: string, maxMembers: number): Promise<PresenceView | Failure> {
    return this.ask({ op: "presence", args: [channel, maxMembers] });
  }

  append(request: LogAppend): Promise<LogAppended> {
    return this.ask({ op: "append", args: [request] });
  }

  readLog(query: LogQuery): Promise<LogPage | Failure> {
    return this.ask({ op: "readLog", args: [query] });
  }

  storeLogSnapshot(request: LogSnapshotRequest): Promise<Done> {
    return this.ask({ op: "storeLogSnapshot", args: [request] });
  }

  loadLogSnapshot(log: string): Promise<LogSnapshot | null | Failure> {
    return this.ask({ op: "loadLogSnapshot", args: [log] });
  }

  deleteLog(deletion: LogDeletion): Promise<Done> {
    return this.ask({ op: "deleteLog", args: [deletion] });
  }

  acquireLease(request: LeaseRequest): Promise<LeaseOutcome> {
    return this.#lease(request.ttlMs, { op: "acquireLease", args: [request] });
  }

  renewLease(renewal: LeaseRenewal): Promise<LeaseOutcome> {
    return this.#lease(renewal.ttlMs, { op: "renewLease", args: [renewal] });
  }

  releaseLease(release: LeaseRelease): Promise<Done> {
    return this.ask({ op: "releaseLease", args: [release] });
  }

  broadcast(command: ClusterCommand): Promise<Done> {
    return this.ask({ op: "broadcast", args: [command] });
  }

  commands(cursor: string | undefined): Promise<RecentCommands | Failure> {
    return this.ask({ op: "commands", args: [cursor] });
  }

  nodes(): Promise<readonly NodeRecord[] | Failure> {
    return this.ask({ op: "nodes", args: [] });
  }

  /** A lease ends for its holder as if it had begun before the question was sent. */
  async #lease(ttlMs: number, operation: Operation): Promise<LeaseOutcome> {
    const expiresAtMs = performance.now() + ttlMs;
    const lease = await this.ask<LeaseOutcome>(operation);
    return lease.ok ? { ...lease, expiresAtMs } : lease;
  }
}

import type { Failure } from "@holdfast/protocol";
import type { BrokerLink, Head } from "../contract.js";

/** What a link hands its operations to: the parts of an engine that has servers. */
export interface LinkParts {
  /** The link has not ended. */
  readonly open: boolean;
  readonly publisher: Pick<BrokerLink, "publish">;
  readonly channels: Pick<BrokerLink, "read" | "heads" | "loadSnapshot" | "storeSnapshot"> & {
    /** May reject with what the servers say. */
    head(channel: string): Promise<Head | Failure>;
  };
  readonly follows: FollowsPart;
  readonly presence: PresencePart;
  readonly logs: {
    readonly append: BrokerLink["append"];
    readonly read: BrokerLink["readLog"];
    readonly storeSnapshot: BrokerLink["storeLogSnapshot"];
    readonly loadSnapshot: BrokerLink["loadLogSnapshot"];
    readonly delete: BrokerLink["deleteLog"];
  };
  readonly leases: {
    readonly acquire: BrokerLink["acquireLease"];
    readonly renew: BrokerLink["renewLease"];
    readonly release: BrokerLink["releaseLease"];
  };
  readonly services: Pick<BrokerLink, "serve">;
  readonly callers: Pick<BrokerLink, "call">;
  readonly commands: Pick<BrokerLink, "broadcast"> & { readonly since: BrokerLink["commands"] };
  readonly nodes: Pick<BrokerLink, "announce"> & { readonly list: BrokerLink["nodes"] };
}

/** The channels a link follows. */
export interface FollowsPart {
  has(channel: string): boolean;
  withPresence(channel: string): boolean;
  /** Follows the channel; settles once the servers have confirmed it. False: they did not in time. */
  add(channel: string, presence: boolean): Promise<boolean>;
  remove(channel: string): void;
}

/** A gateway's part in presence. */
export interface PresencePart {
  readonly view: BrokerLink["presence"];
  readonly roster: Pick<BrokerLink, "enter" | "leave">;
  readonly rooms: {
    /** Holds the channel's life: a listener compares events with it. May reject with what the servers say. */
    watch(channel: string): Promise<void>;
  };
}

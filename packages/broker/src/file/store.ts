/** One row of a table. */
export interface Row<Value> {
  readonly key: Buffer;
  readonly value: Value;
}

/** What part of a table to walk, in the order of keys: from `start` on, up to and without `end`. */
export interface RangeQuery {
  readonly start?: Buffer;
  readonly end?: Buffer;
  readonly limit?: number;
}

/**
 * A sorted map on disk. Keys are read before a call returns: their bytes may be another key's then.
 * Writing outside `Store.transaction` is a mistake and throws.
 */
export interface Table<Value> {
  get(key: Buffer): Value | undefined;
  put(key: Buffer, value: Value): void;
  remove(key: Buffer): void;
  range(query: RangeQuery): Iterable<Row<Value>>;
  /** Rows of the table. */
  readonly count: number;
}

/** A life of a channel as it is kept. */
export interface ChannelRow {
  /** Names what belongs to the channel in the other tables; never used twice. */
  readonly id: number;
  readonly epoch: string;
  /** Generation of the store the epoch belongs to. */
  readonly generation: number;
  readonly lineage: readonly { readonly parent: string; readonly upTo: number }[];
  readonly log: LogRow;
  /** Position of the stored snapshot. */
  readonly snapshot?: { readonly epoch: string; readonly offset: number; readonly id?: string };
  /** The state is folded from the entries: none goes that no snapshot covers. */
  readonly pinned?: true;
  readonly publishers: {
    readonly keys: number;
    /** When the oldest publish of the ledger was appended. */
    readonly oldestMs?: number;
    readonly sessions: number;
  };
  /** The store's time of the last write. */
  readonly usedMs: number;
  /** Since when a sweep has found it idle, on the store's time. */
  readonly idleSinceMs?: number;
}

/** Where a channel's log stands. */
export interface LogRow {
  readonly top: number;
  readonly topId?: string;
  readonly first: number;
  /** Oldest offset whose entry is still in its table: entries before `first` go a few at a time. */
  readonly kept: number;
  /** Payload bytes of every entry there has been. */
  readonly total: number;
  readonly bounds: {
    readonly maxCount: number;
    readonly maxBytes: number;
    readonly maxAgeMs: number;
  };
}

/** A publish with a key or a place in a session's order, as long as its repeats are known. */
export interface LedgerRow {
  readonly epoch: string;
  readonly id: string;
  readonly digest: string;
  readonly atMs: number;
  readonly key?: string | undefined;
  readonly seq?: number | undefined;
  /** Offset of the same session's publish before this one. */
  readonly previous?: number | undefined;
}

/** Tables of the store. Keys are made by `keys.ts`. */
export interface Tables {
  /** Facts about the store itself, by name. */
  readonly facts: Table<unknown>;
  /** By channel name. */
  readonly channels: Table<ChannelRow>;
  /** By channel id and offset. */
  readonly entries: Table<Buffer>;
  /** By channel id and offset. */
  readonly ledger: Table<LedgerRow>;
  /** By channel id and publish key: the offset of the publish in the ledger. */
  readonly keys: Table<number>;
  /** By channel id and session. */
  readonly sessions: Table<SessionRow>;
  /** By channel id: the state as JSON text. */
  readonly snapshots: Table<string>;
  /** By id: what is left of a channel or log that is gone, to be cleared away a little at a time. */
  readonly graves: Table<"channel" | "log">;
  /** By channel and member. */
  readonly members: Table<MemberRow>;
  /** By name. */
  readonly leases: Table<LeaseRow>;
  /** By name. */
  readonly logs: Table<FencedLogRow>;
  /** By log id and sequence. */
  readonly logEntries: Table<Buffer>;
  /** By log id. */
  readonly logSnapshots: Table<Buffer>;
}

/** Where a publisher session stands. */
export interface SessionRow {
  /** Name of the channel, which counts its sessions. */
  readonly channel: string;
  /** Absent: 0. */
  readonly generation?: number;
  readonly last: number;
  readonly usedMs: number;
  /** Of the session's last publish in the ledger. */
  readonly offset?: number;
  /** Seqs that repeated what another session had published, with the offsets of that; oldest first. */
  readonly repeats?: readonly (readonly [seq: number, offset: number])[];
}

/** A member of a channel's presence, as it was last told. */
export interface MemberRow {
  readonly channel: string;
  readonly member: { readonly id: string; readonly user?: string; readonly data?: unknown };
  /** Members enter in this order. */
  readonly order: number;
}

/** A lease that was given and not released. */
export interface LeaseRow {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  readonly ttlMs: number;
}

/** A fenced log, or what is remembered of a deleted one. */
export interface FencedLogRow {
  readonly id: number;
  readonly token: number;
  readonly top: number;
  readonly first: number;
  /** Bytes of every entry there has been. */
  readonly total: number;
  /** Oldest sequence whose entry is still in its table. */
  readonly kept: number;
  readonly bytes: number;
  readonly snapshotAt: number;
  /** When it was deleted, on the store's time. */
  readonly deletedMs?: number;
}

/** A commit that did not happen; nothing of its transaction is kept. */
export class CommitError extends Error {
  override readonly name = "CommitError";
}

/** Tables on disk that change together or not at all. */
export interface Store {
  readonly tables: Tables;
  /**
   * Runs `write` in one transaction; settles once it is on disk as the store promises. What `write`
   * throws undoes the transaction and is thrown on. Rejects with CommitError when the disk refused.
   */
  transaction<T>(write: () => T): Promise<T>;
  /** Bytes that the tables take up. */
  readonly usedBytes: number;
  close(): Promise<void>;
}

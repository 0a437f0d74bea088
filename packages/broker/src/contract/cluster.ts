/**
 * A command to every gateway: disconnect a user, revoke, unsubscribe. The engine knows no meaning
 * of it. A gateway may be told of one more than once, and not in order: it must be idempotent.
 */
export interface ClusterCommand {
  /** Unguessable; tells repeats apart. */
  readonly id: string;
  readonly name: string;
  /** A JSON value. */
  readonly data?: unknown;
}

/** Commands since a cursor, oldest first. */
export interface RecentCommands {
  /** Give it back next time. */
  readonly cursor: string;
  /**
   * false: commands may be missing, because the cursor is unknown or older than what is kept
   * (or none was given). The gateway then asks anew for all that a command could have changed.
   */
  readonly complete: boolean;
  readonly commands: readonly ClusterCommand[];
}

/** What a gateway tells the others about itself. */
export interface NodeStatus {
  readonly version: string;
  /** Wall-clock time of its start in milliseconds since the Unix epoch. */
  readonly startedMs: number;
  readonly connections: number;
  readonly channels: number;
  /** Further figures by name. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** A gateway whose lease is alive. */
export interface NodeRecord extends NodeStatus {
  /** The name it connected under. */
  readonly gateway: string;
}

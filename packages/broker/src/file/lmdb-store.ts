import { type Database, open, type RootDatabase } from "lmdb";
import type { RangeQuery, Row, Store, Table, Tables } from "./store.js";
import { CommitError } from "./store.js";

/** When a commit counts: on disk, or with the operating system. */
export type Sync = "disk" | "system";

type Encoding = "json" | "binary" | "string";

/** How each table's values are encoded. */
const encodings: Readonly<Record<keyof Tables, Encoding>> = {
  facts: "json",
  channels: "json",
  entries: "binary",
  ledger: "json",
  keys: "json",
  sessions: "json",
  snapshots: "string",
  graves: "json",
  members: "json",
  leases: "json",
  logs: "json",
  logEntries: "binary",
  logSnapshots: "binary",
};

/** Open within a transaction only: lmdb would take a write outside of one for a transaction of its own. */
class WriteGate {
  #open = false;

  within<T>(write: () => T): T {
    this.#open = true;
    try {
      return write();
    } finally {
      this.#open = false;
    }
  }

  pass(): void {
    if (!this.#open) throw new Error("a write outside a transaction");
  }
}

class LmdbTable<Value> implements Table<Value> {
  readonly database: Database<Value, Buffer>;
  readonly #gate: WriteGate;

  constructor(database: Database<Value, Buffer>, gate: WriteGate) {
    this.database = database;
    this.#gate = gate;
  }

  get count(): number {
    return this.#stats().entryCount;
  }

  /** Bytes of the pages the table takes up. */
  get bytes(): number {
    const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = this.#stats();
    return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
  }

  get(key: Buffer): Value | undefined {
    return this.database.get(key);
  }

  put(key: Buffer, value: Value): void {
    this.#gate.pass();
    void this.database.put(key, value);
  }

  remove(key: Buffer): void {
    this.#gate.pass();
    void this.database.remove(key);
  }

  *range(query: RangeQuery): Iterable<Row<Value>> {
    // A snapshot of one call: nobody holds a cursor while others write.
    for (const { key, value } of this.database.getRange({ ...query, snapshot: false })) {
      yield { key, value };
    }
  }

  #stats(): TableStats {
    return this.database.getStats() as TableStats;
  }
}

/** What LMDB counts of a table (`mdb_stat`). */
interface TableStats {
  readonly pageSize: number;
  readonly entryCount: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

class LmdbStore implements Store {
  readonly tables: Tables;
  readonly #root: RootDatabase;
  readonly #all: readonly LmdbTable<unknown>[];
  readonly #gate = new WriteGate();

  constructor(root: RootDatabase) {
    this.#root = root;
    const all: LmdbTable<unknown>[] = [];
    const table = <Value>(name: keyof Tables): Table<Value> => {
      const options = { name, encoding: encodings[name], keyEncoding: "binary" } as const;
      const made = new LmdbTable<Value>(root.openDB<Value, Buffer>(options), this.#gate);
      all.push(made);
      return made;
    };
    this.tables = {
      facts: table("facts"),
      channels: table("channels"),
      entries: table("entries"),
      ledger: table("ledger"),
      keys: table("keys"),
      sessions: table("sessions"),
      snapshots: table("snapshots"),
      graves: table("graves"),
      members: table("members"),
      leases: table("leases"),
      logs: table("logs"),
      logEntries: table("logEntries"),
      logSnapshots: table("logSnapshots"),
    };
    this.#all = all;
  }

  get usedBytes(): number {
    return this.#all.reduce((sum, table) => sum + table.bytes, 0);
  }

  async transaction<T>(write: () => T): Promise<T> {
    // What `write` throws comes back as it is; any other rejection is the commit's.
    let thrown: { readonly error: unknown } | undefined;
    try {
      return await this.#root.childTransaction(() => {
        try {
          return this.#gate.within(write);
        } catch (error) {
          thrown = { error };
          throw error;
        }
      });
    } catch (cause) {
      if (thrown !== undefined) throw thrown.error;
      throw new CommitError(await reasonOf(cause), { cause });
    }
  }

  close(): Promise<void> {
    return this.#root.close();
  }
}

/** lmdb says why a commit failed in a promise of its own. */
async function reasonOf(cause: unknown): Promise<string> {
  if (cause instanceof Error && "commitError" in cause) {
    const reason = await Promise.resolve(cause.commitError).catch((error: unknown) => error);
    if (reason instanceof Error) return reason.message;
  }
  return cause instanceof Error ? cause.message : String(cause);
}

/** A file opened before anything in it is looked at. */
export interface OpenedFile {
  /** Bytes of the file that its pages may be in; it may be shorter if the last ones are free. */
  readonly expectedBytes: number;
  /** Opens the tables. Throws when pages are not what they should be. */
  tables(): Store;
  close(): Promise<void>;
}

/** Opens the file, made anew where there is none. The file must not be shorter than its two first pages. */
export function openLmdbFile(path: string, sync: Sync): OpenedFile {
  const root = open({
    path,
    noSubdir: true,
    maxDbs: Object.keys(encodings).length,
    overlappingSync: sync === "system",
    // Batches are this engine's own; and lmdb's leave rejections behind that nobody can catch.
    eventTurnBatching: false,
    encoding: "binary",
    keyEncoding: "binary",
  });
  const stats = root.getStats() as TableStats & { readonly lastPageNumber: number };
  return {
    expectedBytes: (stats.lastPageNumber + 1) * stats.pageSize,
    tables: () => new LmdbStore(root),
    close: () => root.close(),
  };
}

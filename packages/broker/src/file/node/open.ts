import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "@holdfast/core";
import { EngineError } from "../../engines.js";
import { FileBroker } from "../broker.js";
import { FileEngine } from "../engine.js";
import { type Discontinuity, discontinuityOf, newFact, nextFact } from "../life.js";
import type { Sync } from "../lmdb-store.js";
import { type FileBrokerOptions, type FileLimits, resolveFileLimits } from "../options.js";
import type { Store } from "../store.js";
import { readStoreFact, type StoreFact, StoreFacts } from "../store-facts.js";
import { circumstancesOf, writeWitness } from "./circumstances.js";
import { FolderLock } from "./folder-lock.js";
import { openStoreFile } from "./store-file.js";

const storeName = "store.mdb";
const idLength = 22;

/** What is said in the log when continuity could not be proven; every channel then begins a new epoch. */
const reasons: Readonly<Record<Discontinuity, string>> = {
  copied: "the store is a copy of the one that was used last, or its witness is missing",
  older: "the store is older than its witness: an earlier copy was put in its place",
  "machine-crashed": "the machine stopped with entries acknowledged that may not have been flushed",
};

/** Opens the store in a file, made anew where there is none. */
export type OpenStore = (path: string, sync: Sync) => Promise<Store>;

/**
 * Opens the file engine in a folder of this machine's own disk, which no other process may have open.
 * Rejects with EngineError when it is in use, damaged, of another version or another number of
 * partitions; throws RangeError on a limit out of range.
 */
export function createFileBroker(options: FileBrokerOptions): Promise<FileBroker> {
  return createFileBrokerOver(openStoreFile, options);
}

/** `createFileBroker` over a store that is opened in another way: tests let one die at a commit of their choice. */
export async function createFileBrokerOver(
  openStore: OpenStore,
  options: FileBrokerOptions,
): Promise<FileBroker> {
  const limits = resolveFileLimits(options);
  const { folder, sync = "disk" } = options;
  await makeFolder(folder);
  const lock = await FolderLock.take(folder);
  try {
    const path = join(folder, storeName);
    const store = await openStore(path, sync);
    try {
      const facts = await takeStore(store, { ...options, sync }, limits, path);
      const engine = new FileEngine({ options, limits, store, facts });
      return new FileBroker(engine, sync, () => lock.release());
    } catch (cause) {
      await store.close();
      throw cause;
    }
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new EngineError(`The folder ${folder} cannot be made: ${String(cause)}`, { cause });
  }
}

/** Notes in the store that it is this process's, and which of its lives this is. */
async function takeStore(
  store: Store,
  options: FileBrokerOptions & { readonly sync: Sync },
  limits: FileLimits,
  path: string,
): Promise<StoreFacts> {
  const { folder, sync, random, logger = silentLogger } = options;
  const before = readStoreFact(store.tables.facts);
  if (before !== undefined) refuseOther(before, sync, limits, folder);
  const now = await circumstancesOf(folder, path);
  if (before === undefined && now.witness !== undefined) throw new EngineError(emptied(folder));
  const broken = before && discontinuityOf(before, now);
  const fact =
    before === undefined
      ? newFact({ id: random.id(idLength), partitions: limits.partitions, sync }, now)
      : nextFact(before, now, broken);
  if (broken !== undefined)
    logger.warn("every channel begins a new epoch", { why: reasons[broken] });
  const facts = new StoreFacts(store.tables, fact, random.id(idLength));
  await store.transaction(() => facts.take());
  await writeWitness(folder, { id: fact.id, opened: fact.opened });
  return facts;
}

function refuseOther(fact: StoreFact, sync: Sync, limits: FileLimits, folder: string): void {
  const refuse = (what: string, was: string | number, asked: string | number) => {
    throw new EngineError(
      `The store in ${folder} was made with ${what} ${was}, and ${asked} is asked for: ` +
        "ask for what it was made with, or choose another folder.",
    );
  };
  if (fact.partitions !== limits.partitions)
    refuse("partitions", fact.partitions, limits.partitions);
  if (fact.sync !== sync) refuse("sync", fact.sync, sync);
}

const emptied = (folder: string) =>
  `The store in ${folder} is empty or gone, though its witness.json says that there was one. ` +
  "Restore the folder from a backup, or delete witness.json to begin with an empty store.";

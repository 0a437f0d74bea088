import { open, truncate } from "node:fs/promises";
import { EngineError } from "../../engines.js";
import { decodeEntry } from "../entry-codec.js";
import { type OpenedFile, openLmdbFile, type Sync } from "../lmdb-store.js";
import type { Store, Table } from "../store.js";

/** LMDB's meta pages begin with a page header of this size, then magic and version (`MDB_meta`). */
const pageHeaderBytes = 24;
const magic = 0xbeefc0de;
const version = 2;
/** Page size, at this place of the first meta page (`md_pad` of the free list). */
const pageSizeAt = 48;
const minPageBytes = 512;
const maxPageBytes = 65_536;

const damaged = (path: string, what: string, cause?: unknown) =>
  new EngineError(
    `${path} is damaged: ${what}. Restore the folder from a backup, or move it away to begin with an empty store.`,
    { cause },
  );

/**
 * Opens a store's file. LMDB itself ends the process on a file it cannot read, so what it would
 * stumble over is looked for first. Throws EngineError for a damaged one.
 */
export async function openStoreFile(path: string, sync: Sync): Promise<Store> {
  const bytes = await sizeOf(path);
  if (bytes > 0) await checkHead(path, bytes);
  const file = openFile(path, sync);
  try {
    const isShort = bytes > 0 && bytes < file.expectedBytes;
    // A missing page would end the process; one of zeros is an error that can be reported.
    if (isShort) await truncate(path, file.expectedBytes);
    const store = file.tables();
    if (isShort) readEverything(store);
    return store;
  } catch (cause) {
    await file.close();
    throw damaged(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function openFile(path: string, sync: Sync): OpenedFile {
  try {
    return openLmdbFile(path, sync);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(`${path} cannot be opened: ${message}`, { cause });
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const file = await open(path, "r");
    try {
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return 0;
    throw new EngineError(`${path} cannot be read: ${String(cause)}`, { cause });
  }
}

/** Both meta pages must be there and be LMDB's. */
async function checkHead(path: string, bytes: number): Promise<void> {
  const head = Buffer.alloc(maxPageBytes + pageHeaderBytes + 8);
  const file = await open(path, "r");
  try {
    await file.read(head, 0, head.length, 0);
  } finally {
    await file.close();
  }
  const pageBytes = head.readUInt32LE(pageSizeAt);
  const isPage = pageBytes >= minPageBytes && pageBytes <= maxPageBytes;
  if (!isMeta(head, 0) || !isPage || !isMeta(head, pageBytes)) {
    throw damaged(path, "it does not begin as a store does");
  }
  if (bytes < 2 * pageBytes) throw damaged(path, "it was cut off");
}

function isMeta(head: Buffer, page: number): boolean {
  const at = page + pageHeaderBytes;
  return head.readUInt32LE(at) === magic && head.readUInt32LE(at + 4) === version;
}

/** Throws when any row cannot be read. */
function readEverything({ tables }: Store): void {
  for (const table of Object.values(tables) as Table<unknown>[]) {
    let rows = 0;
    for (const _row of table.range({})) rows += 1;
    if (rows !== table.count) throw new Error("rows are missing");
  }
  for (const { value } of tables.entries.range({})) decodeEntry(0, value);
}

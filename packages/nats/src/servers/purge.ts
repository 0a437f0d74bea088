import { askApi, getMessage } from "./api.js";
import type { Connection } from "./connection.js";
import { StoreError } from "./errors.js";

/** Which messages of a subject to let go: all, those before a sequence, or all but the newest. */
export interface Purge {
  readonly before?: number;
  readonly keep?: number;
}

/** Where to let messages go. */
export interface PurgePlace {
  readonly connection: Connection;
  readonly stream: string;
  /** Subjects, with wildcards. */
  readonly filter: string;
}

/** The first version whose clusters repeat a purge as it was asked for. */
const repeatsFrom = [2, 9, 18] as const;
/** There is no such message, or no longer. */
const goneCodes: ReadonlySet<number> = new Set([10_043, 10_057]);

/**
 * Lets messages go. A server of a cluster older than `repeatsFrom` repeats, when it is started again,
 * the purge of a subject as one of the whole stream: what was acknowledged of other subjects is lost
 * with it (nats-server issue 4196). There each message is let go by itself.
 */
export async function purgeMessages(place: PurgePlace, which: Purge): Promise<void> {
  const { connection, stream, filter } = place;
  const { before, keep } = which;
  if (!repeatsPurges(connection.info)) return await deleteEach(place, which);
  await askApi(connection, `STREAM.PURGE.${stream}`, {
    filter,
    ...(before !== undefined && { seq: before }),
    ...(keep !== undefined && { keep }),
  });
}

/** Whether a server that is started again repeats a purge as it was. */
export function repeatsPurges({
  version,
  cluster,
}: {
  readonly version: string;
  readonly cluster?: string | undefined;
}): boolean {
  if (cluster === undefined) return true;
  const [major = 0, minor = 0, patch = 0] = version
    .split(".")
    .map((part) => Number.parseInt(part, 10));
  const [fromMajor, fromMinor, fromPatch] = repeatsFrom;
  if (major !== fromMajor) return major > fromMajor;
  return minor === fromMinor ? patch >= fromPatch : minor > fromMinor;
}

/** Asks for one message after the other: a reader of its own costs a cluster more than that. */
async function deleteEach(
  { connection, stream, filter }: PurgePlace,
  { before = Number.POSITIVE_INFINITY, keep = 0 }: Purge,
): Promise<void> {
  const found: number[] = [];
  for (let from = 1; ; ) {
    const query = { seq: from, next_by_subj: filter };
    const next = await getMessage(connection, stream, query);
    if (next === undefined || next.seq >= before) return;
    found.push(next.seq);
    from = next.seq + 1;
    const going = found.length > keep ? found.shift() : undefined;
    if (going !== undefined) await deleteOne(connection, stream, going);
  }
}

async function deleteOne(connection: Connection, stream: string, seq: number): Promise<void> {
  try {
    await askApi(connection, `STREAM.MSG.DELETE.${stream}`, { seq, no_erase: true });
  } catch (error) {
    if (!(error instanceof StoreError) || !goneCodes.has(error.code)) throw error;
  }
}

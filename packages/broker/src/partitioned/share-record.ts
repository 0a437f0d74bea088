import { type BrokerLink, isFailure } from "../contract.js";
import type { PartitionMap } from "./partition-map.js";

/** The log in which a deployment keeps its share; each has one, whoever has the partition of its name. */
const logName = "holdfast/partition-share";
/** The share is written once; nobody owns it. */
const fencingToken = 1;
const maxRecordBytes = 200;

/**
 * Writes down which partitions a deployment has, or compares. A sentence: it has others, or cannot
 * be asked.
 */
export async function claimShare(
  link: BrokerLink,
  map: PartitionMap,
  index: number,
): Promise<string | undefined> {
  const share = map.shares[index];
  if (share === undefined) throw new RangeError(`there is no deployment ${index}`);
  const wanted = `${share.from}-${share.to} of ${map.partitions}`;
  const entries = [new TextEncoder().encode(wanted)];
  const written = await link.append({ log: logName, expectedSequence: 0, fencingToken, entries });
  if (written.ok) return undefined;
  const place = `Deployment ${index + 1} of the engine`;
  if (written.code !== "sequence_mismatch") {
    return `${place} could not write down its partitions: ${written.code}. ${written.message}`;
  }
  const page = await link.readLog({
    log: logName,
    after: 0,
    maxCount: 1,
    maxBytes: maxRecordBytes,
  });
  if (isFailure(page)) {
    return `${place} could not read its partitions: ${page.code}. ${page.message}`;
  }
  const [entry] = page.entries;
  const found = entry === undefined ? "unknown partitions" : new TextDecoder().decode(entry.bytes);
  if (found === wanted) return undefined;
  return `${place} has partitions ${found} and is given ${wanted}. Name the deployments in the order they were first used in, with the same partitions; a channel that moved to another one would begin anew there.`;
}

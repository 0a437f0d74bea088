import assert from "node:assert/strict";
import type { Lease } from "../../contract/leases.js";
import {
  type BrokerLink,
  isFailure,
  type Published,
  type PublishRequest,
  type Snapshot,
} from "../../contract.js";
import { roomy } from "../../testing/bench.js";

/** A publish and what became of it; no outcome: its process ended first. */
export interface Attempt {
  readonly request: PublishRequest;
  readonly outcome: Published | undefined;
}

/** What the owner of a log was told. */
export interface OwnerSaw {
  lease: Lease | undefined;
  /** Newest sequence that was acknowledged. */
  sequence: number;
  /** The last append had no answer, so the log may be one entry longer. */
  isUnsure: boolean;
}

/** What a process was told until it ended. */
export interface Testimony {
  readonly lanes: readonly (readonly Attempt[])[];
  readonly snapshots: readonly Snapshot[];
  readonly owner: OwnerSaw;
}

/** The log that one owner writes to, and the lease it does so under. */
export const logName = "room/1";
export const leaseName = "room/1";
const holder = "owner";
const ttlMs = 60_000;
const publishers = 4;
const publishesEach = 4;
const logEntries = 4;

/** The bytes of a log's entry. */
export const logEntry = (sequence: number) => Buffer.from(`entry ${sequence}`);

/** Publishers, one that begins channels, and the owner of a log, until each is done or without an answer. */
export async function crashLoad(link: BrokerLink): Promise<Testimony> {
  const snapshots: Snapshot[] = [];
  const owner: OwnerSaw = { lease: undefined, sequence: 0, isUnsure: false };
  const lanes = Array.from({ length: publishers }, (_, at) => publishing(link, at, snapshots));
  const fresh = beginning(link);
  await owning(link, owner);
  return { lanes: await Promise.all([...lanes, fresh]), snapshots, owner };
}

/**
 * What a publisher session does to one channel, with a snapshot of it half-way. Every other one does
 * without publish keys, so that its place in the session's order is all that its repeats are known by.
 */
async function publishing(
  link: BrokerLink,
  publisher: number,
  snapshots: Snapshot[],
): Promise<Attempt[]> {
  const channel = `load:${publisher % 2}`;
  const attempts: Attempt[] = [];
  for (let seq = 1; seq <= publishesEach; seq += 1) {
    const data = `${publisher}.${seq}`;
    const session = { id: `session ${publisher}`, seq };
    const key = publisher < publishers / 2 ? { key: { scope: "p", value: data } } : {};
    const outcome = await attempt(link, attempts, { ...plain(channel, data), ...key, session });
    if (outcome === undefined) return attempts;
    if (seq === publishesEach / 2) await storeSnapshot(link, channel, outcome, snapshots);
  }
  return attempts;
}

/** One publish to each of some channels that have not been there. */
async function beginning(link: BrokerLink): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (let n = 1; n <= publishesEach; n += 1) {
    const key = { scope: "p", value: `fresh ${n}` };
    const outcome = await attempt(link, attempts, { ...plain(`fresh:${n}`, `fresh ${n}`), key });
    if (outcome === undefined) return attempts;
  }
  return attempts;
}

const plain = (channel: string, data: string) => ({ channel, data, timeMs: 1_000, history: roomy });

async function attempt(
  link: BrokerLink,
  attempts: Attempt[],
  request: PublishRequest,
): Promise<Published | undefined> {
  const outcome = await link.publish(request);
  if (outcome.ok) {
    attempts.push({ request, outcome });
    return outcome;
  }
  assert.equal(outcome.unknown, true, outcome.code);
  attempts.push({ request, outcome: undefined });
  return undefined;
}

async function storeSnapshot(
  link: BrokerLink,
  channel: string,
  { epoch, offset, id }: Published,
  snapshots: Snapshot[],
): Promise<void> {
  const snapshot = { position: { epoch, offset, id }, state: { channel, offset } };
  if ((await link.storeSnapshot(channel, snapshot)) === true) snapshots.push(snapshot);
}

async function owning(link: BrokerLink, saw: OwnerSaw): Promise<void> {
  const lease = await link.acquireLease({ name: leaseName, holder, ttlMs });
  if (isFailure(lease)) return;
  saw.lease = lease;
  while (saw.sequence < logEntries) {
    const appended = await link.append({
      log: logName,
      expectedSequence: saw.sequence,
      fencingToken: lease.token,
      entries: [logEntry(saw.sequence + 1)],
    });
    saw.isUnsure = !appended.ok;
    if (!appended.ok) return;
    saw.sequence = appended.sequence;
  }
}

import assert from "node:assert/strict";
import type { BrokerLink } from "../../contract.js";
import { type Heard, published, read, type Station, value } from "../../testing/bench.js";
import {
  type Attempt,
  leaseName,
  logEntry,
  logName,
  type OwnerSaw,
  type Testimony,
} from "./crash-load.js";

/**
 * Holds a store that was opened again against what its last process was told, and told others.
 * Throws with what is missing, or there though nobody can have put it there.
 */
export async function judgeAfterCrash(
  station: Station,
  { lanes, snapshots, owner }: Testimony,
  before: Heard,
): Promise<void> {
  await judgeNewChannel(station);
  const attempts = lanes.flat();
  const channels = byChannel(attempts);
  for (const [channel, ofChannel] of channels) {
    await judgeEntries(station, channel, ofChannel);
    await judgeTold(station, channel, before);
  }
  for (const each of attempts) await judgeRepeat(station, each);
  for (const [channel, ofChannel] of channels) {
    const { entries } = await read(station, channel);
    assert.deepEqual(
      entries.map(textOf).sort(),
      ofChannel.map(({ request }) => textOf(request)).sort(),
    );
  }
  await judgeSnapshots(station.link, snapshots);
  await judgeOwner(station.link, owner);
}

function byChannel(attempts: readonly Attempt[]): Map<string, Attempt[]> {
  const channels = new Map<string, Attempt[]>();
  for (const each of attempts) {
    const { channel } = each.request;
    channels.set(channel, [...(channels.get(channel) ?? []), each]);
  }
  return channels;
}

const textOf = ({ data }: { readonly data?: unknown }) => String(data);

/** A channel that begins now has nothing of any other. */
async function judgeNewChannel(station: Station): Promise<void> {
  await published(station, "after:crash", "first");
  const { entries } = await read(station, "after:crash");
  assert.deepEqual(
    entries.map(({ data }) => data),
    ["first"],
  );
}

async function judgeEntries(
  station: Station,
  channel: string,
  attempts: readonly Attempt[],
): Promise<void> {
  const page = await read(station, channel);
  assert.deepEqual([page.first, page.entries.length], [1, page.top]);
  for (const { request, outcome } of attempts) {
    if (outcome === undefined) continue;
    assert.equal(outcome.epoch, page.epoch);
    const { id, data } = page.entries[outcome.offset - 1] ?? {};
    assert.deepEqual([id, data], [outcome.id, request.data]);
  }
}

/** Nobody was told of an entry that is not kept. */
async function judgeTold(station: Station, channel: string, before: Heard): Promise<void> {
  const { entries } = await read(station, channel);
  for (const { entry } of before.entries.filter((told) => told.channel === channel)) {
    assert.equal(entries[entry.offset - 1]?.id, entry.id);
  }
}

/** Its publisher does not know better than to ask again; it is answered as before, or appended once. */
async function judgeRepeat({ link }: Station, { request, outcome }: Attempt): Promise<void> {
  const again = value(await link.publish(request));
  if (outcome === undefined) return;
  const { epoch, offset, id, duplicate } = again;
  assert.deepEqual(
    [epoch, offset, id, duplicate],
    [outcome.epoch, outcome.offset, outcome.id, true],
  );
}

async function judgeSnapshots(link: BrokerLink, snapshots: Testimony["snapshots"]): Promise<void> {
  for (const { state, position } of snapshots) {
    const { channel } = state as { readonly channel: string };
    const stored = value(await link.loadSnapshot(channel));
    const offset = stored?.position.offset ?? 0;
    assert.ok(offset >= position.offset, `snapshot at ${offset} instead of ${position.offset}`);
    assert.deepEqual(stored?.state, { channel, offset });
  }
}

async function judgeOwner(link: BrokerLink, owner: OwnerSaw): Promise<void> {
  const { lease } = owner;
  if (lease === undefined) return;
  await judgeLog(link, owner);
  const other = { name: leaseName, holder: "other", ttlMs: 1 };
  const early = await link.acquireLease(other);
  assert.equal(early.ok ? "given to another" : early.code, "lease_held");
  value(await link.releaseLease(lease));
  assert.ok(value(await link.acquireLease(other)).token > lease.token);
}

async function judgeLog(link: BrokerLink, owner: OwnerSaw): Promise<void> {
  const query = { log: logName, after: 0, maxCount: 100, maxBytes: 100_000 };
  const page = value(await link.readLog(query));
  assert.ok(page.top === owner.sequence || (owner.isUnsure && page.top === owner.sequence + 1));
  assert.deepEqual(
    page.entries.map(({ sequence, bytes }) => [sequence, Buffer.from(bytes)]),
    Array.from({ length: page.top }, (_, at) => [at + 1, logEntry(at + 1)]),
  );
}

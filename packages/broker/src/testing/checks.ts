import { Bench, type BrokerCheck } from "./bench.js";
import { keyChecks, sessionChecks } from "./checks/admission.js";
import { callChecks } from "./checks/calls.js";
import { changesChecks } from "./checks/changes.js";
import { capabilityChecks, commandChecks, nodeChecks } from "./checks/cluster.js";
import { availabilityChecks, continuityChecks } from "./checks/faults.js";
import { ephemeralChecks, followingChecks } from "./checks/following.js";
import { historyChecks } from "./checks/history.js";
import { leaseChecks } from "./checks/leases.js";
import { logChecks, logSnapshotChecks } from "./checks/logs.js";
import { presenceChecks } from "./checks/presence.js";
import { publishingChecks } from "./checks/publishing.js";
import { snapshotChecks } from "./checks/snapshots.js";
import type { BrokerHarness } from "./harness.js";

/** Every line of the broker contract, by topic. */
export const brokerChecks: Readonly<Record<string, readonly BrokerCheck[]>> = {
  publishing: publishingChecks,
  "publish keys": keyChecks,
  "publisher sessions": sessionChecks,
  history: historyChecks,
  following: followingChecks,
  "ephemeral publications": ephemeralChecks,
  changes: changesChecks,
  snapshots: snapshotChecks,
  presence: presenceChecks,
  capabilities: capabilityChecks,
  "fenced logs": logChecks,
  "snapshots of logs": logSnapshotChecks,
  leases: leaseChecks,
  calls: callChecks,
  "cluster-wide commands": commandChecks,
  "the list of nodes": nodeChecks,
  availability: availabilityChecks,
  continuity: continuityChecks,
};

/** Runs one check against a fresh engine; rejects with what the engine got wrong. */
export async function runBrokerCheck(
  check: BrokerCheck,
  create: () => Promise<BrokerHarness>,
): Promise<void> {
  const harness = await create();
  try {
    await check.run(new Bench(harness));
  } finally {
    await harness.dispose();
  }
}

import { callScript } from "./calls.js";
import { changesScript, noteScript } from "./changes.js";
import {
  headsScript,
  loadSnapshotScript,
  readScript,
  storeSnapshotScript,
  touchScript,
} from "./channels.js";
import { broadcastScript, recentCommandsScript } from "./commands.js";
import { acquireLeaseScript, renewLeaseScript } from "./fenced_leases.js";
import {
  appendLogScript,
  deleteLogScript,
  loadLogSnapshotScript,
  readLogScript,
  storeLogSnapshotScript,
} from "./logs.js";
import {
  enterScript,
  forgetLeaseScript,
  keepHeldScript,
  leaseScript,
  leaveScript,
  removeNodeScript,
  sweepScript,
  viewScript,
} from "./presence.js";
import { publishScript } from "./publish.js";
import type { Script } from "./script.js";

/** Every script of the engine, loaded when a server is first reached. */
export const allScripts: readonly Script[] = [
  publishScript,
  headsScript,
  touchScript,
  readScript,
  loadSnapshotScript,
  storeSnapshotScript,
  changesScript,
  noteScript,
  enterScript,
  leaveScript,
  sweepScript,
  viewScript,
  leaseScript,
  forgetLeaseScript,
  keepHeldScript,
  removeNodeScript,
  appendLogScript,
  readLogScript,
  storeLogSnapshotScript,
  loadLogSnapshotScript,
  deleteLogScript,
  acquireLeaseScript,
  renewLeaseScript,
  broadcastScript,
  recentCommandsScript,
  callScript,
];

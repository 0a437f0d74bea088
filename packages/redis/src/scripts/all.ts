import { changesScript, noteScript } from "./changes.js";
import {
  headsScript,
  loadSnapshotScript,
  readScript,
  storeSnapshotScript,
  touchScript,
} from "./channels.js";
import {
  enterScript,
  forgetLeaseScript,
  keepHeldScript,
  leaseScript,
  leaveScript,
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
];

import type { OpenEngine } from "../engines.js";
import { createFileBroker } from "./node/open.js";
import { parseFileUrl } from "./url.js";

export type { FileBroker } from "./broker.js";
export type { Sync } from "./lmdb-store.js";
export { createFileBroker } from "./node/open.js";
export { type FileBrokerOptions, type FileLimits, fileLimits } from "./options.js";

/** Opens the file engine a URL names. */
export const openFileUrl: OpenEngine = (url, platform) =>
  createFileBroker({ ...platform, ...parseFileUrl(url) });

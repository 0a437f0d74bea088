import { EngineError } from "../engines.js";
import type { Sync } from "./lmdb-store.js";
import { type FileLimits, fileLimits } from "./options.js";

/** What a `file:` URL asks for. */
export type FileUrl = { readonly folder: string; readonly sync?: Sync } & Partial<FileLimits>;

const syncs: readonly string[] = ["disk", "system"];

/**
 * Reads `file:./data`, `file:/var/lib/holdfast` and `file:///var/lib/holdfast`, with limits and
 * `sync` as parameters: `file:./data?sync=system&maxStoreBytes=1073741824`. Throws EngineError.
 */
export function parseFileUrl(url: string): FileUrl {
  const [path = "", query = ""] = url.slice("file:".length).split("?", 2);
  const folder = path.startsWith("///") ? path.slice(2) : path;
  if (folder === "" || folder.startsWith("//")) {
    throw new EngineError(`file: needs a folder of this machine, such as file:./data, got ${url}`);
  }
  const given: Record<string, number> = {};
  let sync: Sync | undefined;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === "sync" && isSync(value)) sync = value;
    else if (Object.hasOwn(fileLimits, name) && /^\d+$/.test(value)) given[name] = Number(value);
    else throw new EngineError(`${name}=${value} is no parameter of a file: URL. ${parameters()}`);
  }
  return { folder, ...(sync === undefined ? {} : { sync }), ...given };
}

const isSync = (value: string): value is Sync => syncs.includes(value);

const parameters = () =>
  `Parameters: sync (${syncs.join(", ")}), and limits: ${Object.keys(fileLimits).join(", ")}.`;

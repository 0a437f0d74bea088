import { type Failure, failure } from "@holdfast/protocol";
import type { Entry, PublishRequest } from "../contract.js";
import type { MemoryLimits } from "./options.js";
import { copyData, digest } from "./payload.js";

/** An entry before it has its place, and maybe its id. Decided once more, it is given another place. */
export type EntryContent = Omit<Entry, "offset" | "id"> & { readonly id?: string };

/** Gives it its place: what was prepared becomes the entry. */
export function placeEntry(content: EntryContent, offset: number, id: string): Entry {
  const entry = content as { -readonly [Name in keyof Entry]: Entry[Name] };
  entry.offset = offset;
  entry.id = id;
  return entry;
}

/** A publish as far as it does not depend on its channel. */
export interface PreparedPublish {
  readonly request: PublishRequest;
  /** The engine's own: what the caller changes afterwards does not reach it. Appended, it is the entry. */
  readonly content: EntryContent;
  /** Size of the payload. */
  readonly bytes: number;
  /** Of the payload; "" where neither a key nor a session asks for it. */
  readonly digest: string;
}

/**
 * Looks at what is published and copies it, or says why it cannot be published anywhere. `id`: that of
 * its entry, where it is chosen ahead.
 */
export function preparePublish(
  request: PublishRequest,
  limits: Pick<MemoryLimits, "maxEntryBytes">,
  id?: string,
): PreparedPublish | Failure {
  const { data, bytes, user, tags, meta, timeMs, key, session } = request;
  if ((data === undefined) === (bytes === undefined)) {
    return failure("invalid_data", "Exactly one of `data` and `bytes` is expected.");
  }
  const payload = bytes === undefined ? copyData(data) : { value: undefined, bytes: bytes.length };
  if (payload === undefined) {
    return failure("invalid_data", "The data is not a JSON value or is nested too deep.");
  }
  if (payload.bytes > limits.maxEntryBytes) return failure("too_large");
  // Field by field: spreading optional ones costs several times as much.
  const content: { -readonly [Name in keyof EntryContent]: EntryContent[Name] } =
    id === undefined ? { timeMs } : { id, timeMs };
  if (bytes === undefined) content.data = payload.value;
  else content.bytes = bytes.slice();
  if (user !== undefined) content.user = user;
  if (tags !== undefined) content.tags = [...tags];
  if (meta !== undefined) content.meta = { ...meta };
  const guarded = key !== undefined || session !== undefined;
  return { request, content, bytes: payload.bytes, digest: guarded ? digest(content) : "" };
}

import { isPrototypeKey, isWellFormed } from "./i-json.js";

/** Bounds of `meta`, which travels with every copy of a publication. */
const MAX_META_BYTES = 1024;
const MAX_META_ENTRIES = 16;
const MAX_META_KEY_CHARS = 64;

/** What is wrong with a `meta`, and where. */
export interface MetaFault {
  readonly code: "invalid_field" | "too_large";
  /** Member at fault; absent when it is the whole. */
  readonly key?: string;
  /** Completes "must be …". */
  readonly expected: string;
}

/** Length in UTF-8 of a well-formed string, without encoding it. */
function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A surrogate pair is two units and four bytes: two bytes for each unit.
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

function entryFault(key: string, value: unknown): MetaFault | undefined {
  const code = "invalid_field";
  if (key.length === 0 || key.length > MAX_META_KEY_CHARS) {
    return { code, expected: `an object whose names have 1 to ${MAX_META_KEY_CHARS} characters` };
  }
  if (isPrototypeKey(key)) return { code, expected: `an object without a member named ${key}` };
  if (!isWellFormed(key)) return { code, expected: "an object without lone surrogates in names" };
  if (typeof value !== "string") return { code, key, expected: "text" };
  if (!isWellFormed(value)) return { code, key, expected: "text without lone surrogates" };
  return undefined;
}

/** The first fault of a `meta`: a flat object of texts, at most 16 members and 1 KiB in all. */
export function findMetaFault(meta: unknown): MetaFault | undefined {
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) {
    return { code: "invalid_field", expected: "an object of text members" };
  }
  let entries = 0;
  let bytes = 0;
  for (const key in meta) {
    const value: unknown = (meta as Readonly<Record<string, unknown>>)[key];
    const fault = entryFault(key, value);
    if (fault !== undefined) return fault;
    entries++;
    bytes += utf8Bytes(key) + utf8Bytes(String(value));
    if (entries > MAX_META_ENTRIES || bytes > MAX_META_BYTES) {
      return {
        code: "too_large",
        expected: `at most ${MAX_META_ENTRIES} members and ${MAX_META_BYTES} bytes in all`,
      };
    }
  }
  return undefined;
}

import type { Entry } from "../contract.js";
import type { EntryContent } from "../memory/prepared-publish.js";

/** What an entry's row says besides the entry, at its front: trimming looks at nothing else. */
export interface EntryHeader {
  /** The store's time of the append. */
  readonly atMs: number;
  /** Payload bytes of the channel's entries up to and with this one, those long gone included. */
  readonly total: number;
  /** Payload bytes of this one. */
  readonly bytes: number;
}

const json = 0;
const withBytes = 1;
const atMsAt = 1;
const totalAt = 9;
const bytesAt = 17;
const headerBytes = 21;
const lengthBytes = 4;

/**
 * An entry as one row: kind, header, its fields but the offset as JSON text, and for `bytes` the bytes.
 * The header is not written yet. JSON gives every value back as it was, `__proto__` and lone surrogates
 * included.
 */
export function encodeEntry(entry: EntryContent): Buffer {
  const { bytes } = entry;
  const text = JSON.stringify(bytes === undefined ? entry : { ...entry, bytes: undefined });
  const textBytes = Buffer.byteLength(text, "utf8");
  const head = headerBytes + (bytes === undefined ? 0 : lengthBytes);
  const row = Buffer.allocUnsafe(head + textBytes + (bytes?.length ?? 0));
  row[0] = bytes === undefined ? json : withBytes;
  row.write(text, head, "utf8");
  if (bytes !== undefined) {
    row.writeUInt32BE(textBytes, headerBytes);
    row.set(bytes, head + textBytes);
  }
  return row;
}

/** Writes the header of an entry's row. */
export function writeHeader(row: Buffer, { atMs, total, bytes }: EntryHeader): void {
  row.writeDoubleBE(atMs, atMsAt);
  row.writeDoubleBE(total, totalAt);
  row.writeUInt32BE(bytes, bytesAt);
}

/** The header of an entry's row. */
export function decodeHeader(row: Buffer): EntryHeader {
  return {
    atMs: row.readDoubleBE(atMsAt),
    total: row.readDoubleBE(totalAt),
    bytes: row.readUInt32BE(bytesAt),
  };
}

/** The entry of a row. */
export function decodeEntry(offset: number, row: Buffer): Entry {
  if (row[0] === json) return { offset, ...JSON.parse(row.toString("utf8", headerBytes)) };
  const begin = headerBytes + lengthBytes;
  const end = begin + row.readUInt32BE(headerBytes);
  const bytes = new Uint8Array(row.subarray(end));
  return { offset, ...JSON.parse(row.toString("utf8", begin, end)), bytes };
}

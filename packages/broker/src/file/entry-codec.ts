import type { Entry } from "../contract.js";

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
 * An entry as one row: kind, header, the entry's fields as JSON text, and for `bytes` the bytes.
 * JSON gives every value back as it was, `__proto__` and lone surrogates included.
 */
export function encodeEntry(entry: Entry, header: EntryHeader): Buffer {
  const { offset: _offset, bytes, ...fields } = entry;
  const text = JSON.stringify(fields);
  const textBytes = Buffer.byteLength(text, "utf8");
  const head = headerBytes + (bytes === undefined ? 0 : lengthBytes);
  const row = Buffer.allocUnsafe(head + textBytes + (bytes?.length ?? 0));
  row[0] = bytes === undefined ? json : withBytes;
  row.writeDoubleBE(header.atMs, atMsAt);
  row.writeDoubleBE(header.total, totalAt);
  row.writeUInt32BE(header.bytes, bytesAt);
  row.write(text, head, "utf8");
  if (bytes !== undefined) {
    row.writeUInt32BE(textBytes, headerBytes);
    row.set(bytes, head + textBytes);
  }
  return row;
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

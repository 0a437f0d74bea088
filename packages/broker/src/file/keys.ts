import { unitAt } from "../memory/unit-at.js";

const idBytes = 6;
const numberBytes = 6;
const latin = 0;
const wide = 1;

/** Longest text a key can hold, in UTF-16 units: LMDB's keys end at 1,978 bytes. */
export const maxKeyTextUnits = 980;

/** Key bytes of a text: different for different texts, whatever their characters, lone surrogates included. */
export function textKey(text: string, id?: number): Buffer {
  const isLatin = isLatin1(text);
  const head = id === undefined ? 0 : idBytes;
  const key = Buffer.allocUnsafe(head + 1 + (isLatin ? text.length : 2 * text.length));
  if (id !== undefined) writeNumber(key, id, 0);
  key[head] = isLatin ? latin : wide;
  key.write(text, head + 1, isLatin ? "latin1" : "utf16le");
  return key;
}

/** The text that `textKey` was given. */
export function textOfKey(key: Buffer, hasId = false): string {
  const head = hasId ? idBytes : 0;
  return key.toString(key[head] === latin ? "latin1" : "utf16le", head + 1);
}

/** Key bytes of a number (0 ≤ n < 2^48) under an id: they sort like the numbers. */
export function numberKey(id: number, n: number): Buffer {
  const key = Buffer.allocUnsafe(idBytes + numberBytes);
  writeNumber(key, id, 0);
  writeNumber(key, n, idBytes);
  return key;
}

/**
 * `numberKey` for at once: the next call makes another key of the same bytes. A publish has half a
 * dozen of them, and the store reads a key before it returns.
 */
export function passingKey(id: number, n: number): Buffer {
  writeNumber(passing, id, 0);
  writeNumber(passing, n, idBytes);
  return passing;
}

const passing = Buffer.alloc(idBytes + numberBytes);

/** The number that `numberKey` was given. */
export function numberOfKey(key: Buffer): number {
  return key.readUIntBE(idBytes, numberBytes);
}

/** The key before every key of an id. */
export function idKey(id: number): Buffer {
  const key = Buffer.allocUnsafe(idBytes);
  writeNumber(key, id, 0);
  return key;
}

/** The id a key begins with. */
export function idOfKey(key: Buffer): number {
  return key.readUIntBE(0, idBytes);
}

/** The six bytes of 0 ≤ n < 2^48, the highest first: a publish has a dozen of them, and `writeUIntBE` costs several times as much. */
function writeNumber(key: Buffer, n: number, at: number): void {
  const high = Math.floor(n / 0x1_0000_0000);
  key[at] = high >>> 8;
  key[at + 1] = high;
  key[at + 2] = n >>> 24;
  key[at + 3] = n >>> 16;
  key[at + 4] = n >>> 8;
  key[at + 5] = n;
}

function isLatin1(text: string): boolean {
  const { length } = text;
  for (let at = 0; at < length; at += 1) if (unitAt.call(text, at) > 0xff) return false;
  return true;
}

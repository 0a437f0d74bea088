import { isPlainObject, isWellFormed } from "../../i-json.js";

/** Deeper values are a mistake (a cycle, most likely), whatever a gateway's own limit says. */
const MAX_DEPTH = 256;
const FIRST_BYTES = 4_096;
/** A number of 32 bits as a varint (LEB128). */
const MAX_PREFIX_BYTES = 5;
/** Longer texts are encoded by the platform, shorter ones without the call. */
const MAX_SHORT_TEXT_CHARS = 64;
/** UTF-8 of one UTF-16 unit. */
const MAX_UNIT_BYTES = 3;
const TWO_POW_32 = 2 ** 32;

const utf8 = new TextEncoder();

/** A value has no form in I-JSON; where it is, is found out by who has the time. */
export class Unwritable extends Error {
  override readonly name = "Unwritable";
}

/** Bytes of a header that carries a length in 0, 8, 16 or 32 bits. */
function headBytes(length: number, fixedBelow: number): number {
  if (length < fixedBelow) return 1;
  if (length < 0x100) return 2;
  return length < 0x1_0000 ? 3 : 5;
}

/**
 * Writes I-JSON values as MessagePack, each in its shortest form: integers as integers, every other
 * number as float 64. Keeps its buffer, so that writing allocates little but the result.
 */
export class MessagePackWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = MAX_PREFIX_BYTES;
  #depth = 0;

  /** Bytes the buffer has come to. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Begins a message. */
  begin(): void {
    this.#at = MAX_PREFIX_BYTES;
    this.#depth = 0;
  }

  /** What was written since, after its length as a varint: a copy. */
  finish(): Uint8Array {
    const size = this.#at - MAX_PREFIX_BYTES;
    let prefixBytes = 1;
    for (let rest = size; rest > 0x7f; rest = Math.floor(rest / 0x80)) prefixBytes++;
    const start = MAX_PREFIX_BYTES - prefixBytes;
    let rest = size;
    for (let at = start; at < MAX_PREFIX_BYTES; at++) {
      const isLast = at === MAX_PREFIX_BYTES - 1;
      this.#bytes[at] = (rest & 0x7f) | (isLast ? 0 : 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.#bytes.slice(start, this.#at);
  }

  /** Any I-JSON value. Throws `Unwritable` for anything else. */
  value(value: unknown): void {
    if (typeof value === "string") this.text(value);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "boolean") this.#byte(value ? 0xc3 : 0xc2);
    else if (value === null) this.#byte(0xc0);
    else if (Array.isArray(value)) this.#array(value);
    else if (typeof value === "object" && isPlainObject(value)) this.#object(value);
    else throw new Unwritable();
  }

  number(value: number): void {
    if (!Number.isInteger(value)) {
      if (!Number.isFinite(value)) throw new Unwritable();
      this.#room(9);
      this.#bytes[this.#at] = 0xcb;
      this.#view.setFloat64(this.#at + 1, value);
      this.#at += 9;
    } else if (Math.abs(value) > Number.MAX_SAFE_INTEGER) throw new Unwritable();
    else if (value >= 0) this.#unsigned(value);
    else this.#negative(value);
  }

  text(text: string): void {
    const { length } = text;
    this.#room(MAX_PREFIX_BYTES + length * MAX_UNIT_BYTES);
    if (length <= MAX_SHORT_TEXT_CHARS && this.#ascii(text)) return;
    if (!isWellFormed(text)) throw new Unwritable();
    const at = this.#at;
    // The header is guessed from the characters, and mended where the bytes are more.
    const guess = headBytes(length, 0x20);
    const { written } = utf8.encodeInto(text, this.#bytes.subarray(at + guess));
    const head = headBytes(written, 0x20);
    if (head !== guess) this.#bytes.copyWithin(at + head, at + guess, at + guess + written);
    this.#head(written, 0x20, 0xa0, 0xd9);
    this.#at += written;
  }

  bin(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#room(MAX_PREFIX_BYTES + length);
    this.#head(length, 0, 0, 0xc4);
    this.#bytes.set(bytes, this.#at);
    this.#at += length;
  }

  /** Bytes that are MessagePack already. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** `count` names and values follow. */
  map(count: number): void {
    this.#room(MAX_PREFIX_BYTES);
    this.#head(count, 0x10, 0x80, 0xdd);
  }

  /** `count` values follow. */
  array(count: number): void {
    this.#room(MAX_PREFIX_BYTES);
    this.#head(count, 0x10, 0x90, 0xdb);
  }

  #array(items: readonly unknown[]): void {
    this.#enter();
    this.array(items.length);
    for (let index = 0; index < items.length; index++) this.value(items[index]);
    this.#depth--;
  }

  #object(members: object): void {
    this.#enter();
    const values = members as Readonly<Record<string, unknown>>;
    let count = 0;
    for (const name in values) if (values[name] !== undefined) count++;
    this.map(count);
    for (const name in values) {
      const member = values[name];
      // Left out, as JSON.stringify does.
      if (member === undefined) continue;
      this.text(name);
      this.value(member);
    }
    this.#depth--;
  }

  #enter(): void {
    this.#depth++;
    if (this.#depth > MAX_DEPTH) throw new Unwritable();
  }

  #unsigned(value: number): void {
    if (value < 0x80) this.#byte(value);
    else if (value < TWO_POW_32) {
      this.#room(5);
      this.#head(value, 0, 0, 0xcc);
    } else this.#wide(0xcf, value);
  }

  #negative(value: number): void {
    this.#room(5);
    const at = this.#at;
    if (value >= -0x20) this.#byte(value + 0x100);
    else if (value >= -0x80) {
      this.#bytes[at] = 0xd0;
      this.#view.setInt8(at + 1, value);
      this.#at = at + 2;
    } else if (value >= -0x8000) {
      this.#bytes[at] = 0xd1;
      this.#view.setInt16(at + 1, value);
      this.#at = at + 3;
    } else if (value >= -0x8000_0000) {
      this.#bytes[at] = 0xd2;
      this.#view.setInt32(at + 1, value);
      this.#at = at + 5;
    } else this.#wide(0xd3, value);
  }

  #wide(code: number, value: number): void {
    this.#room(9);
    const high = Math.floor(value / TWO_POW_32);
    this.#bytes[this.#at] = code;
    this.#view.setInt32(this.#at + 1, high);
    this.#view.setUint32(this.#at + 5, value - high * TWO_POW_32);
    this.#at += 9;
  }

  /** Writes a short text whose characters are bytes; false: it has others, and nothing was written. */
  #ascii(text: string): boolean {
    const { length } = text;
    const bytes = this.#bytes;
    let at = this.#at + headBytes(length, 0x20);
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return false;
      bytes[at++] = unit;
    }
    this.#head(length, 0x20, 0xa0, 0xd9);
    this.#at = at;
    return true;
  }

  /** A length, or a number, in as few bits as it needs; `wider` is the code of the form with 8 bits. */
  #head(length: number, fixedBelow: number, fixed: number, wider: number): void {
    const at = this.#at;
    const bytes = this.#bytes;
    const size = headBytes(length, fixedBelow);
    // Maps and arrays have no form with 8 bits.
    const hasNoByteForm = size === 2 && (wider === 0xdd || wider === 0xdb);
    if (size === 1) bytes[at] = fixed | length;
    else if (size === 2 && !hasNoByteForm) {
      bytes[at] = wider;
      bytes[at + 1] = length;
    } else if (size === 5) {
      bytes[at] = wider + 2;
      this.#view.setUint32(at + 1, length);
    } else {
      bytes[at] = wider + 1;
      this.#view.setUint16(at + 1, length);
    }
    this.#at = at + (hasNoByteForm ? 3 : size);
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

import { DecodeError } from "../codec.js";

/** Nesting is bounded before it can exhaust the stack; gateways permit far less in `data`. */
const MAX_DEPTH = 256;
/** Longer texts are decoded by the platform, shorter ones without the call. */
const MAX_SHORT_TEXT_BYTES = 64;
const TWO_POW_32 = 2 ** 32;
/** Names of members come again and again: the last one met of each hash is kept as it is. */
const KEPT_NAMES = 256;

const names = new Array<string>(KEPT_NAMES).fill("");

/** Strict, and a byte order mark is a character like any other (RFC 8259 knows none inside a text). */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const fail = (what: string): never => {
  throw new DecodeError(what);
};

/**
 * Reads MessagePack as the values JSON has, and byte strings: maps with text as keys, arrays, UTF-8
 * text, numbers, booleans, nil, bin. Extensions are refused and nothing is ever made of them; a declared
 * length is held against the bytes that are there before anything is allocated.
 */
export class MessagePackReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The one value between two places. Throws `DecodeError` for anything else. */
  read(start: number, end: number): unknown {
    this.#at = start;
    this.#end = end;
    this.#depth = 0;
    const value = this.#value();
    if (this.#at < end) fail("bytes follow the value of a message");
    return value;
  }

  /** Steps over `count` bytes and says where they begin. */
  #take(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) fail("a message ends inside a value");
    this.#at = at + count;
    return at;
  }

  #value(): unknown {
    const code = this.#bytes[this.#take(1)] ?? 0;
    if (code < 0x80) return code;
    if (code < 0x90) return this.#map(code & 0x0f);
    if (code < 0xa0) return this.#array(code & 0x0f);
    if (code < 0xc0) return this.#text(code & 0x1f);
    if (code >= 0xe0) return code - 0x100;
    return this.#prefixed(code);
  }

  #prefixed(code: number): unknown {
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#bin(this.#length(code - 0xc4));
      // -0 has no form in JSON.
      case 0xca:
        return this.#view.getFloat32(this.#take(4)) + 0;
      case 0xcb:
        return this.#view.getFloat64(this.#take(8)) + 0;
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#length(code - 0xcc);
      case 0xcf:
        return this.#wide(this.#length(2));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return this.#wide(this.#view.getInt32(this.#take(4)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#length(code - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#length(code - 0xdb));
      case 0xde:
      case 0xdf:
        return this.#map(this.#length(code - 0xdd));
      default:
        return fail(
          code === 0xc1 ? "0xc1 is no MessagePack format" : "MessagePack extensions are not taken",
        );
    }
  }

  /** An unsigned number of 1, 2 or 4 bytes. */
  #length(power: number): number {
    if (power === 0) return this.#view.getUint8(this.#take(1));
    return power === 1 ? this.#view.getUint16(this.#take(2)) : this.#view.getUint32(this.#take(4));
  }

  /** 64 bits: what is beyond 2⁵³−1 comes out as some number beyond it, for the validation to name. */
  #wide(high: number): number {
    return high * TWO_POW_32 + this.#length(2);
  }

  /** A copy, which does not hold on to the socket's buffer. */
  #bin(size: number): Uint8Array {
    const at = this.#take(size);
    return new Uint8Array(this.#bytes.subarray(at, at + size));
  }

  #text(size: number): string {
    const at = this.#take(size);
    const end = at + size;
    if (size > MAX_SHORT_TEXT_BYTES) return this.#utf8(at, end);
    let text = "";
    for (let index = at; index < end; index++) {
      const byte = this.#bytes[index] ?? 0;
      if (byte >= 0x80) return this.#utf8(at, end);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #utf8(at: number, end: number): string {
    try {
      return utf8.decode(this.#bytes.subarray(at, end));
    } catch {
      return fail("text must be UTF-8 (RFC 3629)");
    }
  }

  /** Counts a level in, once its members can be there at all: each has a byte at least. */
  #enter(minBytes: number): void {
    if (minBytes > this.#end - this.#at) fail("a message ends inside a value");
    this.#depth++;
    if (this.#depth > MAX_DEPTH) fail(`nested deeper than ${MAX_DEPTH} levels`);
  }

  #array(count: number): unknown[] {
    this.#enter(count);
    const items: unknown[] = [];
    for (let index = 0; index < count; index++) items.push(this.#value());
    this.#depth--;
    return items;
  }

  #map(count: number): Record<string, unknown> {
    this.#enter(2 * count);
    const members: Record<string, unknown> = {};
    for (let index = 0; index < count; index++) {
      const name = this.#name();
      const value = this.#value();
      // Assigning would change the prototype; as a member of its own it is the validation's to refuse.
      if (name === "__proto__") define(members, name, value);
      else members[name] = value;
    }
    this.#depth--;
    return members;
  }

  #name(): string {
    const code = this.#bytes[this.#take(1)] ?? 0;
    if (code >= 0xa0 && code < 0xc0) return this.#known(code & 0x1f);
    if (code >= 0xd9 && code <= 0xdb) return this.#text(this.#length(code - 0xd9));
    return fail("the keys of a map must be text");
  }

  /** A short name: the same string as the last time, most often. */
  #known(size: number): string {
    const bytes = this.#bytes;
    const at = this.#at;
    if (size > this.#end - at) return fail("a message ends inside a value");
    const first = bytes[at] ?? 0;
    const last = bytes[at + size - 1] ?? 0;
    const slot = (size * 7 + first * 31 + last * 3) % KEPT_NAMES;
    const kept = names[slot] ?? "";
    if (kept.length === size) {
      let index = 0;
      while (index < size && kept.charCodeAt(index) === bytes[at + index]) index++;
      if (index === size) {
        this.#at = at + size;
        return kept;
      }
    }
    const name = this.#text(size);
    // One character for each byte is ASCII.
    if (name.length === size) names[slot] = name;
    return name;
  }
}

function define(members: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(members, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

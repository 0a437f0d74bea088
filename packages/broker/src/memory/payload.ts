import { unitAt } from "./unit-at.js";

/** Deeper nesting than this is refused: encoders recurse, and nobody means it. */
const maxDepth = 128;

/** A payload of the engine's own: later changes by the caller do not reach it. */
export interface Copied {
  readonly value: unknown;
  /** Size of its JSON text in UTF-8, in bytes. */
  readonly bytes: number;
}

class Unrepresentable extends Error {}

/** What JSON writes as it is, a byte each. */
const plain = /^[ !#-[\]-~]*$/;
/** From here on the expression takes half as long as looking at each character. */
const longLength = 16;

/** Bytes of a string as a JSON text in UTF-8, quotes and the common escapes included. */
function textBytes(text: string): number {
  const { length } = text;
  if (length >= longLength && plain.test(text)) return length + 2;
  let bytes = length + 2;
  for (let at = 0; at < length; at += 1) {
    const code = unitAt.call(text, at);
    if (code < 0x20) bytes += 5;
    else if (code === 0x22 || code === 0x5c) bytes += 1;
    else if (code >= 0x800) bytes += code >= 0xd800 && code <= 0xdfff ? 1 : 2;
    else if (code >= 0x80) bytes += 1;
  }
  return bytes;
}

/** Adds up the size of what it copies. */
interface Size {
  bytes: number;
}

function copyArray(list: readonly unknown[], size: Size, depth: number): unknown[] {
  size.bytes += 2 + list.length;
  const value: unknown[] = [];
  for (const item of list) value.push(copyValue(item === undefined ? null : item, size, depth + 1));
  return value;
}

function copyObject(source: object, size: Size, depth: number): Record<string, unknown> {
  size.bytes += 2;
  const value: Record<string, unknown> = {};
  const fields = source as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) {
    const item = fields[name];
    if (item === undefined || typeof item === "function" || typeof item === "symbol") continue;
    const copied = copyValue(item, size, depth + 1);
    // Plain assignment to `__proto__` would set the prototype instead of a field.
    if (name === "__proto__") {
      Object.defineProperty(value, name, {
        value: copied,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else value[name] = copied;
    size.bytes += textBytes(name) + 2;
  }
  return value;
}

function copyValue(value: unknown, size: Size, depth: number): unknown {
  if (depth > maxDepth) throw new Unrepresentable();
  switch (typeof value) {
    case "string":
      size.bytes += textBytes(value);
      return value;
    case "number": {
      const isNumber = Number.isFinite(value);
      size.bytes += isNumber ? String(value).length : 4;
      return isNumber ? value : null;
    }
    case "boolean":
      size.bytes += 5;
      return value;
    case "object": {
      if (value === null) {
        size.bytes += 4;
        return value;
      }
      if (Array.isArray(value)) return copyArray(value, size, depth);
      if ("toJSON" in value && typeof value.toJSON === "function") {
        return copyValue(value.toJSON(), size, depth + 1);
      }
      return copyObject(value, size, depth);
    }
    default:
      throw new Unrepresentable();
  }
}

/** Copies a JSON value as encoding and decoding it would; undefined: it is not one, or nested too deep. */
export function copyData(value: unknown): Copied | undefined {
  try {
    const size: Size = { bytes: 0 };
    const copy = copyValue(value, size, 0);
    return { value: copy, bytes: size.bytes };
  } catch (error) {
    if (error instanceof Unrepresentable) return undefined;
    throw error;
  }
}

/** The names of fields in order. Mostly they are already, and sorting them costs more than looking. */
function sortedNames(fields: object): readonly string[] {
  const names = Object.keys(fields);
  for (let at = 1; at < names.length; at += 1) {
    if ((names[at - 1] ?? "") > (names[at] ?? "")) return names.sort();
  }
  return names;
}

/** A text that is equal for equal JSON values, whatever the order of their fields. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const name of sortedNames(fields)) {
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonical(fields[name])}`;
  }
  return `{${text}}`;
}

const pairCount = 36 * 36;
const pairs = Array.from({ length: pairCount }, (_, n) => n.toString(36).padStart(2, "0"));

/** `n.toString(36)`, which is slow past 31 bits. */
function base36(n: number): string {
  let text = "";
  let rest = n;
  for (; rest >= pairCount; rest = Math.floor(rest / pairCount)) {
    text = `${pairs[rest % pairCount]}${text}`;
  }
  return `${rest.toString(36)}${text}`;
}

const quote = 0x22;
const backslash = 0x5c;

/** Two 32-bit lanes (the "cyrb53" construction) over a sequence of numbers below 2^16. */
class Mixer {
  #high = 0xdeadbeef;
  #low = 0x41c6ce57;
  #length = 0;

  text(text: string): this {
    let high = this.#high;
    let low = this.#low;
    const { length } = text;
    for (let index = 0; index < length; index += 1) {
      const code = unitAt.call(text, index);
      high = Math.imul(high ^ code, 2654435761);
      low = Math.imul(low ^ code, 1597334677);
    }
    this.#high = high;
    this.#low = low;
    this.#length += length;
    return this;
  }

  /** `text(canonical(value))`, without making that text. */
  value(value: unknown): this {
    if (typeof value === "string") return this.#string(value);
    if (typeof value !== "object" || value === null) return this.text(`${JSON.stringify(value)}`);
    if (Array.isArray(value)) {
      this.text("[");
      for (let at = 0; at < value.length; at += 1) {
        if (at > 0) this.text(",");
        if (value[at] !== undefined) this.value(value[at]);
      }
      return this.text("]");
    }
    const fields = value as Readonly<Record<string, unknown>>;
    let before = "{";
    for (const name of sortedNames(fields)) {
      this.text(before).#string(name).text(":").value(fields[name]);
      before = ",";
    }
    return this.text(before === "{" ? "{}" : "}");
  }

  #string(text: string): this {
    let high = Math.imul(this.#high ^ quote, 2654435761);
    let low = Math.imul(this.#low ^ quote, 1597334677);
    for (let index = 0; index < text.length; index += 1) {
      const code = unitAt.call(text, index);
      const isEscaped = code < 0x20 || code === quote || code === backslash;
      // Half of a pair may stand alone, and is escaped then.
      if (isEscaped || (code >= 0xd800 && code <= 0xdfff)) return this.text(JSON.stringify(text));
      high = Math.imul(high ^ code, 2654435761);
      low = Math.imul(low ^ code, 1597334677);
    }
    this.#high = Math.imul(high ^ quote, 2654435761);
    this.#low = Math.imul(low ^ quote, 1597334677);
    this.#length += text.length + 2;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    for (const byte of bytes) {
      this.#high = Math.imul(this.#high ^ byte, 2654435761);
      this.#low = Math.imul(this.#low ^ byte, 1597334677);
    }
    this.#length += bytes.length;
    return this;
  }

  get sum(): string {
    let [high, low] = [this.#high, this.#low];
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return `${base36(high >>> 0)}${base36(low >>> 0)}:${this.#length}`;
  }
}

/**
 * Tells payloads apart without keeping them. It need not resist attack: only the owner of a
 * publish key could craft a collision, and only against themselves.
 */
export function digest(payload: { data?: unknown; bytes?: Uint8Array }): string {
  const { bytes } = payload;
  if (bytes !== undefined) return `b${new Mixer().bytes(bytes).sum}`;
  return `d${new Mixer().value(payload.data).sum}`;
}

/** Whether two JSON values are equal, whatever the order of their fields. */
export function sameData(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  return canonical(left) === canonical(right);
}

import { isPlainObject, isPrototypeKey } from "../i-json.js";
import type { Codec } from "./codec.js";
import { bytesToText, decodeLines } from "./json-lines.js";

/** Half of a surrogate pair: no character, and so no I-JSON. */
const halfCharacter = /\p{Cs}/u;

/** The first place where `JSON.stringify` would write something else, or the gateway would refuse what it writes. */
function findFault(value: unknown, pointer: string): string | undefined {
  if (value === null || typeof value === "boolean") return undefined;
  if (typeof value === "string") return halfCharacter.test(value) ? pointer : undefined;
  // Of NaN too this is false.
  if (typeof value === "number") return Math.abs(value) < 2 ** 53 ? undefined : pointer;
  const isArray = Array.isArray(value);
  if (typeof value !== "object" || !(isArray || isPlainObject(value))) return pointer;
  // A hole of an array counts as `undefined`, which only objects can leave out.
  for (const [name, member] of Object.entries(isArray ? [...value] : value)) {
    if (member === undefined && !isArray) continue;
    const place = `${pointer}/${name}`;
    const isRefused = isPrototypeKey(name) || halfCharacter.test(name);
    const fault = isRefused ? place : findFault(member, place);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * The JSON codec of a client, small enough for a page: it reads what a gateway writes, and writes
 * commands, of which the gateway is the judge. `encode` throws `TypeError` for cycles, for what
 * would arrive as something else (`NaN`, a `Date`, a `Map`) and for what is no I-JSON (RFC 7493),
 * naming the place: the gateway would count it as a malformed message, of which it forgives few.
 */
export const clientJsonCodec: Codec = {
  name: "json",
  subprotocol: "holdfast.v1.json",
  binary: false,
  encode: (message) => {
    const wire = bytesToText(message);
    const text = JSON.stringify(wire);
    const fault = findFault(wire, message.type);
    if (fault !== undefined) throw new TypeError(`${fault} must be an I-JSON value`);
    return text;
  },
  decode: decodeLines,
};

import { isPlainObject } from "../i-json.js";
import type { Codec } from "./codec.js";
import { bytesToText, decodeLines } from "./json-lines.js";

/** The first place where `JSON.stringify` would write something else without a word. */
function findLoss(value: unknown, pointer: string): string | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : pointer;
  const isArray = Array.isArray(value);
  if (typeof value !== "object" || !(isArray || isPlainObject(value))) return pointer;
  // A hole of an array counts as `undefined`, which only objects can leave out.
  for (const [name, member] of Object.entries(isArray ? [...value] : value)) {
    if (member === undefined && !isArray) continue;
    const loss = findLoss(member, `${pointer}/${name}`);
    if (loss !== undefined) return loss;
  }
  return undefined;
}

/**
 * The JSON codec of a client, small enough for a page: it reads what a gateway writes, and writes
 * commands, of which the gateway is the judge. `encode` throws `TypeError` for cycles and for what
 * would arrive as something else (`NaN`, a `Date`, a `Map`), naming the place.
 */
export const clientJsonCodec: Codec = {
  name: "json",
  subprotocol: "holdfast.v1.json",
  binary: false,
  encode: (message) => {
    const wire = bytesToText(message);
    const text = JSON.stringify(wire);
    const loss = findLoss(wire, message.type);
    if (loss !== undefined) throw new TypeError(`${loss} must be a JSON value`);
    return text;
  },
  decode: decodeLines,
};

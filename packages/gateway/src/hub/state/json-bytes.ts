/** Deeper nesting is refused: engines and encoders refuse it too. */
const MAX_DEPTH = 128;

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function textBytes(text: string): number {
  return Buffer.byteLength(text) + 2;
}

/** A member costs its name, its value, a colon and a comma. */
const memberBytes = (name: string, value: number): number => textBytes(name) + value + 2;

function bytesOf(value: unknown, depth: number): number {
  switch (typeof value) {
    case "string":
      return textBytes(value);
    case "number":
      return Number.isFinite(value) ? String(value).length : Number.NaN;
    case "boolean":
      return 5;
    case "object": {
      if (value === null) return 4;
      if (depth === 0) return Number.NaN;
      let bytes = 2;
      if (Array.isArray(value)) {
        for (const item of value) bytes += bytesOf(item, depth - 1) + 1;
      } else {
        for (const [name, member] of Object.entries(value)) {
          if (member !== undefined) bytes += memberBytes(name, bytesOf(member, depth - 1));
        }
      }
      return bytes;
    }
    default:
      return Number.NaN;
  }
}

/** Size of a value's JSON text in bytes, escapes left out; `NaN` for what is no JSON value or nested too deep. */
export function jsonBytes(value: unknown): number {
  return bytesOf(value, MAX_DEPTH);
}

/** How much larger the JSON text of `after` is than that of `before`; what they share costs nothing to compare. */
export function grownBytes(before: unknown, after: unknown): number {
  if (before === after) return 0;
  if (!isMembers(before) || !isMembers(after)) return jsonBytes(after) - jsonBytes(before);
  let bytes = 0;
  for (const [name, value] of Object.entries(after)) {
    const had = Object.hasOwn(before, name);
    bytes += had ? grownBytes(before[name], value) : memberBytes(name, jsonBytes(value));
  }
  for (const [name, value] of Object.entries(before)) {
    if (!Object.hasOwn(after, name)) bytes -= memberBytes(name, jsonBytes(value));
  }
  return bytes;
}

/** Where a value leaves I-JSON (RFC 7493), and what had been expected there. */
export interface IJsonFault {
  /** JSON Pointer (RFC 6901) from the value; "" is the value itself. */
  readonly pointer: string;
  /** Completes "must be …". */
  readonly expected: string;
}

/** What is asked of a value beyond I-JSON. */
export interface IJsonLimits {
  /** How many objects and arrays may stand inside each other; 0 permits scalars only. */
  readonly maxDepth: number;
  /** What is wrong with a member's name, completing "must be …"; any name will do without it. */
  readonly keyFault?: (key: string) => string | undefined;
}

const loneSurrogate = /\p{Surrogate}/u;

/** true for a string that is valid Unicode: no lone surrogates (RFC 7493 §2.1). */
export const isWellFormed: (text: string) => boolean =
  "isWellFormed" in String.prototype
    ? (text) => (text as string & { isWellFormed(): boolean }).isWellFormed()
    : (text) => !loneSurrogate.test(text);

const escapePointer = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

const inside = (key: string, fault: IJsonFault): IJsonFault => ({
  pointer: `/${escapePointer(key)}${fault.pointer}`,
  expected: fault.expected,
});

const here = (expected: string): IJsonFault => ({ pointer: "", expected });

/** Names of the members through which an object's prototype can be reached. */
export function isPrototypeKey(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

/** Refuses member names that a careless merge turns into a change of prototypes. */
export function prototypeKeyFault(key: string): string | undefined {
  return isPrototypeKey(key) ? `without a member named ${key}` : undefined;
}

function keyFault(key: string, limits: IJsonLimits): IJsonFault | undefined {
  if (!isWellFormed(key)) return here("without lone surrogates in its member names");
  const expected = limits.keyFault?.(key);
  return expected === undefined ? undefined : here(expected);
}

/** true for an object without a class of its own. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm has a prototype that is the end of its chain too.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function arrayFault(value: readonly unknown[], limits: IJsonLimits, depth: number) {
  for (let index = 0; index < value.length; index++) {
    const item = value[index];
    // JSON has no way to leave an array's element out.
    const fault = item === undefined ? here("a JSON value") : faultAt(item, limits, depth);
    if (fault !== undefined) return inside(String(index), fault);
  }
  return undefined;
}

function objectFault(value: object, limits: IJsonLimits, depth: number): IJsonFault | undefined {
  if (!isPlainObject(value)) return here("a plain object, an array or a scalar");
  for (const key in value) {
    const fault = keyFault(key, limits);
    if (fault !== undefined) return fault;
    const member: unknown = (value as Readonly<Record<string, unknown>>)[key];
    // An undefined member is left out on the wire, as JSON.stringify does.
    if (member === undefined) continue;
    const memberFault = faultAt(member, limits, depth);
    if (memberFault !== undefined) return inside(key, memberFault);
  }
  return undefined;
}

function numberFault(value: number): IJsonFault | undefined {
  if (!Number.isFinite(value)) return here("a finite number");
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    return here("between -(2^53-1) and 2^53-1; send larger numbers as strings");
  }
  return undefined;
}

function faultAt(value: unknown, limits: IJsonLimits, depth: number): IJsonFault | undefined {
  switch (typeof value) {
    case "string":
      return isWellFormed(value) ? undefined : here("text without lone surrogates");
    case "number":
      return numberFault(value);
    case "boolean":
      return undefined;
    case "object":
      if (value === null) return undefined;
      if (depth >= limits.maxDepth) return here(`at most ${limits.maxDepth} levels deep`);
      return Array.isArray(value)
        ? arrayFault(value, limits, depth + 1)
        : objectFault(value, limits, depth + 1);
    default:
      return here("a JSON value");
  }
}

/**
 * The first place where a value is not I-JSON (RFC 7493) or exceeds the limits, `undefined` when
 * there is none. Allocates nothing for a value without fault.
 */
export function findIJsonFault(value: unknown, limits: IJsonLimits): IJsonFault | undefined {
  return faultAt(value, limits, 0);
}

import { type TSchema, Type } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { DecodeError } from "./codec/codec.js";
import { describeSchema, type SchemaNode } from "./describe-schema.js";
import type { ErrorCode } from "./errors.js";
import { findIJsonFault, type IJsonLimits, isWellFormed, prototypeKeyFault } from "./i-json.js";
import { findMetaFault } from "./meta.js";
import { type UpMessage, upSchemas } from "./schemas/up.js";

/** Why a decoded value is not a command; everything an `error` reply needs. */
export interface UpFault {
  readonly ok: false;
  /** The command's `id`, where it had a valid one. */
  readonly id?: number;
  /** The command's `channel`, where it had one of a sane length. */
  readonly channel?: string;
  readonly code: ErrorCode;
  /** Names the field and what was expected. */
  readonly message: string;
  /** JSON Pointer (RFC 6901) to the field at fault. */
  readonly field?: string;
}

/** A command, or why there is none. */
export type ParsedUp = { readonly ok: true; readonly message: UpMessage } | UpFault;

/** Limits of the configuration that the schemas cannot know. */
export interface UpLimits {
  /** How many objects and arrays may stand inside each other in `data`. */
  readonly maxDataDepth: number;
}

type Fields = Readonly<Record<string, unknown>>;
type Fault = Pick<UpFault, "code" | "message" | "field">;

interface UpType {
  readonly schema: SchemaNode;
  readonly validator: Validator;
  /** Fields of free text, which the schema does not hold against Unicode. */
  readonly freeTexts: readonly string[];
  readonly hasData: boolean;
  readonly hasBytes: boolean;
  readonly hasMeta: boolean;
}

/** Longer names and pointers are not repeated to the client. */
const MAX_ECHO_CHARS = 256;

const freeTexts = ["key", "tags", "token", "features"];
const textLimits = { maxDepth: 1, keyFault: prototypeKeyFault };

function upType(schema: TSchema & { readonly properties: Fields }): UpType {
  const names = Object.keys(schema.properties);
  return {
    schema: schema as SchemaNode,
    // `bytes` are bytes once decoded, and the members of `meta` are judged by hand.
    validator: Compile(Type.Omit(schema, ["bytes", "meta"])),
    freeTexts: names.filter((name) => freeTexts.includes(name)),
    hasData: names.includes("data"),
    hasBytes: names.includes("bytes"),
    hasMeta: names.includes("meta"),
  };
}

const upTypes: ReadonlyMap<unknown, UpType> = new Map(
  Object.entries(upSchemas).map(([type, schema]) => [type, upType(schema)]),
);

const mustBe = (field: string, expected: string, code: ErrorCode = "invalid_field"): Fault => ({
  code,
  message: `${field} must be ${expected}`,
  field,
});

function schemaAt(root: SchemaNode, pointer: string): SchemaNode {
  let node = root;
  for (const part of pointer.split("/").slice(1)) {
    node = node.properties?.[part] ?? node.items ?? {};
  }
  return node;
}

/** Over-long arrays are named first: collecting an error for each of their items costs too much. */
function lengthFault({ schema }: UpType, value: Fields): Fault | undefined {
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    const part = value[name];
    if (node.maxItems === undefined || !Array.isArray(part)) continue;
    if (part.length > node.maxItems) return mustBe(`/${name}`, describeSchema(node));
  }
  return undefined;
}

/** Puts the validator's first error into words; only commands that were refused pay for it. */
function schemaFault({ schema, validator }: UpType, value: Fields): Fault {
  const error = validator.Errors(value)[0];
  if (error === undefined) throw new Error("a validator refused a value without an error");
  if (error.keyword === "required") {
    const field = `${error.instancePath}/${error.params.requiredProperties[0]}`;
    const expected = describeSchema(schemaAt(schema, field));
    return { code: "invalid_field", message: `${field} is required: ${expected}`, field };
  }
  const field = error.instancePath;
  const isName = field === "/channel" && typeof value.channel === "string";
  const code = isName ? "invalid_channel" : "invalid_field";
  return mustBe(field, describeSchema(schemaAt(schema, field)), code);
}

function iJsonFault(name: string, part: unknown, limits: IJsonLimits): Fault | undefined {
  if (part === undefined) return undefined;
  const fault = findIJsonFault(part, limits);
  if (fault === undefined) return undefined;
  const pointer = fault.pointer.length <= MAX_ECHO_CHARS ? fault.pointer : "";
  return mustBe(`/${name}${pointer}`, fault.expected);
}

function freeTextFault(type: UpType, value: Fields): Fault | undefined {
  for (const name of type.freeTexts) {
    const fault = iJsonFault(name, value[name], textLimits);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function dataFault({ data }: Fields, { maxDataDepth }: UpLimits): Fault | undefined {
  return iJsonFault("data", data, { maxDepth: maxDataDepth, keyFault: prototypeKeyFault });
}

function bytesFault(value: Fields): Fault | undefined {
  const { data, bytes } = value;
  if (bytes !== undefined && !(bytes instanceof Uint8Array)) {
    return mustBe("/bytes", "base64 text with padding (RFC 4648 §4), in MessagePack a byte string");
  }
  if (data !== undefined && bytes !== undefined) {
    return mustBe("/bytes", "absent where data is given");
  }
  if (data === undefined && bytes === undefined && value.type === "publish") {
    return { code: "invalid_field", message: "/data or /bytes is required", field: "/data" };
  }
  return undefined;
}

function metaFault({ meta }: Fields): Fault | undefined {
  if (meta === undefined) return undefined;
  const fault = findMetaFault(meta);
  if (fault === undefined) return undefined;
  const key = fault.key?.replaceAll("~", "~0").replaceAll("/", "~1");
  return mustBe(key === undefined ? "/meta" : `/meta/${key}`, fault.expected, fault.code);
}

function findFault(type: UpType, value: Fields, limits: UpLimits): Fault | undefined {
  if (!type.validator.Check(value)) return lengthFault(type, value) ?? schemaFault(type, value);
  return (
    freeTextFault(type, value) ??
    (type.hasBytes ? bytesFault(value) : undefined) ??
    (type.hasMeta ? metaFault(value) : undefined) ??
    (type.hasData ? dataFault(value, limits) : undefined)
  );
}

/** Adds what the reply is addressed by, as far as the value has it. */
function refuse(value: Fields, fault: Fault): UpFault {
  const { id, channel } = value;
  const hasId = typeof id === "number" && Number.isInteger(id) && id >= 1 && id <= 0xffff_ffff;
  const hasChannel =
    typeof channel === "string" && channel.length <= MAX_ECHO_CHARS && isWellFormed(channel);
  return {
    ok: false,
    ...(hasId ? { id } : {}),
    ...(hasChannel ? { channel } : {}),
    ...fault,
  };
}

const knownTypes = `one of ${Object.keys(upSchemas).join(", ")}`;

function typeFault({ type }: Fields): Fault {
  if (type === undefined) {
    return { code: "invalid_field", message: `/type is required: ${knownTypes}`, field: "/type" };
  }
  return mustBe("/type", knownTypes, typeof type === "string" ? "unknown_type" : "invalid_field");
}

/**
 * Judges one decoded value of a frame (a `DecodeError` too): a command the gateway may act on, or
 * a fault with the field and what was expected there. Unknown fields are left alone.
 */
export function parseUp(value: unknown, limits: UpLimits): ParsedUp {
  if (value instanceof DecodeError) {
    return { ok: false, code: "bad_message", message: value.message };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ok: false, code: "bad_message", message: "a message is an object" };
  }
  const fields = value as Fields;
  const type = upTypes.get(fields.type);
  const fault = type === undefined ? typeFault(fields) : findFault(type, fields, limits);
  if (fault !== undefined) return refuse(fields, fault);
  // The validators have shown that it is one.
  return { ok: true, message: value as UpMessage };
}

import { channelNamePattern } from "./channel-name.js";

/** What `describeSchema` reads of a JSON Schema node. */
export interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly contentEncoding?: string;
  readonly items?: SchemaNode;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly maxProperties?: number;
}

function describeInteger({ minimum, maximum }: SchemaNode): string {
  if (minimum === undefined) return "an integer";
  if (maximum === undefined) return `an integer, at least ${minimum}`;
  const largest = maximum === Number.MAX_SAFE_INTEGER ? "2^53-1" : String(maximum);
  return `an integer from ${minimum} to ${largest}`;
}

function describeString(node: SchemaNode): string {
  if (node.contentEncoding === "base64") return "base64 text with padding (RFC 4648 §4)";
  if (node.pattern === channelNamePattern) return "a channel name such as chat:lobby";
  if (node.pattern !== undefined) return `text of the form ${node.pattern}`;
  if (node.maxLength === undefined) return "text";
  return `text of ${node.minLength ?? 0} to ${node.maxLength} characters`;
}

function describeArray({ items, maxItems }: SchemaNode): string {
  const messageType = items?.properties?.type?.const;
  const each =
    messageType !== undefined
      ? `, each a ${messageType} message`
      : items?.type === undefined
        ? ""
        : `, each ${describeSchema(items)}`;
  return maxItems === undefined ? `an array${each}` : `an array of at most ${maxItems}${each}`;
}

function describeObject({ required, maxProperties, patternProperties }: SchemaNode): string {
  if (patternProperties !== undefined) {
    return `an object of at most ${maxProperties ?? "any number of"} text members, 1 KiB in all`;
  }
  return required === undefined ? "an object" : `an object with ${required.join(" and ")}`;
}

/** One phrase that completes "must be …": what a schema permits, in words. */
export function describeSchema(node: SchemaNode): string {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.anyOf !== undefined) return `one of ${node.anyOf.map(describeSchema).join(", ")}`;
  switch (node.type) {
    case "integer":
      return describeInteger(node);
    case "string":
      return describeString(node);
    case "boolean":
      return "true or false";
    case "array":
      return describeArray(node);
    case "object":
      return describeObject(node);
    default:
      return "a JSON value";
  }
}

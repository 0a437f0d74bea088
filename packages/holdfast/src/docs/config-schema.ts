import type { OptionDeclaration, OptionTable } from "@holdfast/core";
import { actions, foldedModes } from "../config/channel-rules.js";
import { options } from "../config/server-options.js";

type Schema = Readonly<Record<string, unknown>>;

/** JSON Schema (2020-12) of the configuration file. */
function configSchema(): Schema {
  const table: OptionTable = options;
  const properties = Object.entries(table).map(([name, each]) => [name, schemaOf(name, each)]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Holdfast configuration file",
    type: "object",
    additionalProperties: false,
    properties: {
      $schema: { type: "string" },
      ...Object.fromEntries(properties),
      channels: {
        type: "object",
        description: "Channel pattern to rule; the first match counts.",
        additionalProperties: channelRule,
      },
    },
  };
}

const bound = { type: "integer", minimum: 0 };

const channelRule: Schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    history: {
      anyOf: [
        { const: false },
        {
          type: "object",
          additionalProperties: false,
          properties: { maxCount: bound, maxBytes: bound, maxAgeMs: bound },
        },
      ],
    },
    state: { enum: foldedModes },
    presence: { type: "boolean" },
    stampUser: { type: "boolean" },
    maxPerSecond: { type: "number", exclusiveMinimum: 0 },
    schema: { type: "object", description: "JSON Schema (2020-12) of the channel's data." },
  },
};

const capabilities: Schema = {
  type: "object",
  additionalProperties: { type: "array", items: { enum: actions } },
};

function schemaOf(name: string, declaration: OptionDeclaration): Schema {
  const { description, default: value, min, max, choices, secret } = declaration;
  return {
    ...typeOf(name, declaration),
    description,
    ...(secret === true ? { writeOnly: true } : { default: value }),
    ...(min === undefined ? {} : { minimum: min }),
    ...(max === undefined ? {} : { maximum: max }),
    ...(choices === undefined ? {} : { enum: choices }),
  };
}

function typeOf(name: string, { kind }: OptionDeclaration): Schema {
  if (kind === "strings") return { type: "array", items: { type: "string" } };
  if (kind === "json")
    return ["anonymous", "authenticated"].includes(name) ? capabilities : { type: "object" };
  return { type: kind };
}

/** The schema as the formatter of the repository would write it: short lists on one line. */
export function configSchemaText(): string {
  const text = JSON.stringify(configSchema(), undefined, 2);
  const oneLine = (list: string) => list.replace(/\s+/g, " ").replace("[ ", "[").replace(" ]", "]");
  return `${text.replace(/\[\s+"[^[\]{}]*\]/g, oneLine)}\n`;
}

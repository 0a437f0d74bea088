// Writes the generated parts of docs/protocol.md: messages from their schemas, doc comments and
// vectors, codes from their registries. Run `node tools/docs-protocol.mjs` after a build.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { closeCodes, errorCodes, shouldReconnect } from "@holdfast/protocol";
import { describeSchema, downSchemas, fields, upSchemas } from "@holdfast/protocol/schemas";

/** @typedef {import("@holdfast/protocol/schemas").SchemaNode} SchemaNode */
/** @typedef {"up" | "down"} Direction */

export const page = new URL("../docs/protocol.md", import.meta.url);
const protocol = new URL("../packages/protocol/", import.meta.url);

/** @param {string} path */
const readProtocol = (path) => readFileSync(new URL(path, protocol), "utf8");

/** @param {string} comment */
const plainComment = (comment) =>
  comment
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd())
    .join("\n")
    .trim();

/**
 * Doc comments of a source file by the name they stand before.
 * @param {string} source
 * @returns {Map<string, string>}
 */
function commentsOf(source) {
  const found = new Map();
  for (const match of source.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export const )?(\w+)\s*[:=]/g,
  )) {
    found.set(match[2], plainComment(match[1] ?? ""));
  }
  return found;
}

const sharedComments = commentsOf(readProtocol("src/schemas/fields.ts"));

/**
 * Meaning of a field: the comment on it, or that of the shared value it is made of.
 * @param {string} source
 * @param {string} name
 */
function meaningOf(source, name) {
  const own = commentsOf(source).get(name);
  if (own !== undefined) return own;
  const shared = new RegExp(`^\\s+${name}: (?:Type\\.Optional\\()?(\\w+)\\b`, "m").exec(source);
  return sharedComments.get(shared?.[1] ?? "") ?? "";
}

/** @param {string} text */
const cell = (text) => text.split("\n\n")[0]?.replaceAll("\n", " ").replaceAll("|", "\\|") ?? "";

/** @param {SchemaNode} node */
const phraseOf = (node) => describeSchema(node).replace(/(\^\S+\$)/g, "`$1`");

/**
 * @param {object} schema
 * @param {string} source
 */
function fieldTable(schema, source) {
  const { properties = {}, required } = /** @type {SchemaNode} */ (schema);
  const rows = Object.entries(properties)
    .filter(([name]) => name !== "type")
    .map(([name, node]) => {
      const presence = required?.includes(name) ? "always" : "optional";
      return `| \`${name}\` | ${presence} | ${cell(phraseOf(node))} | ${cell(meaningOf(source, name))} |`;
    });
  if (rows.length === 0) return "No fields beside `type`.";
  return ["| field | | value | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/**
 * The fullest frame of one message that the vectors hold.
 * @param {Direction} direction
 * @param {string} type
 */
function exampleOf(direction, type) {
  /** @type {{vectors: {text: string, canonical?: boolean, expect: {ok: boolean, message?: {type: string}}[]}[]}} */
  const { vectors } = JSON.parse(readProtocol(`vectors/json-${direction}.json`));
  const texts = vectors
    .filter(({ canonical, expect }) => canonical !== false && expect.length === 1 && expect[0]?.ok)
    .filter(({ expect }) => expect[0]?.message?.type === type)
    .map(({ text }) => text)
    .sort((a, b) => Object.keys(JSON.parse(b)).length - Object.keys(JSON.parse(a)).length);
  if (texts[0] === undefined) throw new Error(`no vector shows ${type}`);
  return texts[0];
}

/**
 * @param {Direction} direction
 * @param {Readonly<Record<string, object>>} schemas
 */
function messages(direction, schemas) {
  return Object.entries(schemas)
    .map(([type, schema]) => {
      const source = readProtocol(`src/schemas/${direction}/${type}.ts`);
      const summary = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export const /.exec(source)?.[1] ?? "";
      const example = ["```json", exampleOf(direction, type), "```"].join("\n");
      return [`#### \`${type}\``, plainComment(summary), fieldTable(schema, source), example].join(
        "\n\n",
      );
    })
    .join("\n\n");
}

function sharedValues() {
  const source = readProtocol("src/schemas/fields.ts");
  const objects = /** @type {const} */ (["Position", "PublisherSession", "Member"]).map((name) => {
    const start = source.indexOf(`export const ${name} =`);
    const body = source.slice(start, source.indexOf("});", start));
    return [`#### ${name}`, sharedComments.get(name), fieldTable(fields[name], body)].join("\n\n");
  });
  return [...objects, `#### Reasons of a reset\n\n${sharedComments.get("ResetReason")}`].join(
    "\n\n",
  );
}

function errorTable() {
  const rows = Object.entries(errorCodes).map(
    ([code, { meaning, retryable }]) =>
      `| \`${code}\` | ${retryable ? "yes" : "no"} | ${meaning} |`,
  );
  return ["| code | retryable | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

function closeTable() {
  const rows = Object.entries(closeCodes).map(
    ([code, { name, meaning }]) =>
      `| ${code} | \`${name}\` | ${shouldReconnect(Number(code)) ? "yes" : "no"} | ${meaning} |`,
  );
  const head = "| code | reason | connect again | meaning |";
  return [head, "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** @type {Readonly<Record<string, () => string>>} */
const parts = {
  up: () => messages("up", upSchemas),
  down: () => messages("down", downSchemas),
  shared: sharedValues,
  errors: errorTable,
  "close codes": closeTable,
};

/**
 * The page with its generated parts as they have to be.
 * @param {string} text
 */
export function render(text) {
  let result = text;
  for (const [name, part] of Object.entries(parts)) {
    const begin = `<!-- generated: ${name} -->`;
    const end = `<!-- end of generated: ${name} -->`;
    const from = result.indexOf(begin);
    const to = result.indexOf(end);
    if (from === -1 || to < from) throw new Error(`docs/protocol.md has no place for ${name}`);
    result = `${result.slice(0, from + begin.length)}\n\n${part()}\n\n${result.slice(to)}`;
  }
  return result;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(page, render(readFileSync(page, "utf8")));
}

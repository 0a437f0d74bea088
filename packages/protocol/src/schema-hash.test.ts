import { createHash } from "node:crypto";
import { Type } from "typebox";
import { expect, it } from "vitest";
import { downSchemas } from "./schemas/down.js";
import { upSchemas } from "./schemas/up.js";
import { protocolVersion, wireSchemaSha256 } from "./version.js";

/** JSON with the members of every object sorted, so that only what a schema says counts. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

const hashOf = (schemas: object): string =>
  createHash("sha256").update(canonicalJson(schemas)).digest("hex");

const whatToDo = (
  hash: string,
): string => `The wire schemas are not those recorded for version ${protocolVersion}.
An addition (an optional field, a new message) stays version ${protocolVersion}: describe it in docs/protocol.md
(node tools/docs-protocol.mjs), add vectors, announce it in connected.features where clients must
know, and record wireSchemaSha256 = "${hash}" in src/version.ts.
Anything else breaks clients in the field: it is a new protocol version with subprotocols of its own.`;

it("the wire schemas are those recorded beside the protocol version", () => {
  const hash = hashOf({ up: upSchemas, down: downSchemas });
  expect(hash, whatToDo(hash)).toBe(wireSchemaSha256);
});

it("the hash sees a changed bound, a new field and a field made required, but not their order", () => {
  const before = hashOf({
    ping: Type.Object({ a: Type.Integer(), b: Type.Optional(Type.String()) }),
  });
  const changed = [
    Type.Object({ a: Type.Integer({ minimum: 1 }), b: Type.Optional(Type.String()) }),
    Type.Object({
      a: Type.Integer(),
      b: Type.Optional(Type.String()),
      c: Type.Optional(Type.Null()),
    }),
    Type.Object({ a: Type.Integer(), b: Type.String() }),
  ];
  for (const schema of changed) expect(hashOf({ ping: schema })).not.toBe(before);
  const reordered = Type.Object({ b: Type.Optional(Type.String()), a: Type.Integer() });
  expect(hashOf({ ping: reordered })).toBe(before);
});

import { describe, expect, it } from "vitest";
import { openGateway, testKey } from "../cli/testing/gateway.js";
import { profileOf } from "../serve/profile.js";
import { compileJsonSchema } from "./json-schema.js";
import { resolve } from "./resolve.js";

const text = {
  type: "object",
  properties: {
    text: { type: "string", maxLength: 5 },
    tags: { type: "array", items: { type: "object", properties: { "a/b": { type: "integer" } } } },
  },
  required: ["text"],
  additionalProperties: false,
};

const configuration = (schema: unknown) =>
  resolve({
    file: { path: "config.json", content: { channels: { "chat:*": { schema } } } },
    env: {},
    flags: new Map(),
  });

describe("a channel's JSON Schema in the configuration file", () => {
  it("refuses what does not fit with the path of the field, before it is appended", async () => {
    const { channels } = profileOf(configuration(text));
    const gateway = await openGateway({ ...(channels === undefined ? {} : { channels }) });
    try {
      const publish = async (data: unknown) => {
        const response = await fetch(`${gateway.url}/api/publish`, {
          method: "POST",
          headers: { authorization: `Bearer ${testKey}` },
          body: JSON.stringify({ channel: "chat:a", data }),
        });
        const { code, field, offset } = (await response.json()) as Record<string, unknown>;
        return code === undefined ? offset : [code, field];
      };
      expect(await publish({ text: "toolong" })).toEqual(["invalid_data", "/data/text"]);
      expect(await publish({})).toEqual(["invalid_data", "/data/text"]);
      expect(await publish({ text: "a", more: 1 })).toEqual(["invalid_data", "/data/more"]);
      const nested = { text: "a", tags: [{}, { "a/b": 0.5 }] };
      expect(await publish(nested)).toEqual(["invalid_data", "/data/tags/1/a~1b"]);
      expect(await publish("text")).toEqual(["invalid_data", "/data"]);
      expect(await publish({ text: "fits" })).toBe(1);
    } finally {
      await gateway.close();
    }
  });

  it.each([
    ["no object", 7, "as an object"],
    ["an unknown keyword", { typ: "string" }, "typ"],
    ["a wrong type", { type: "text" }, "type"],
    ["a schema elsewhere", { $ref: "https://evil.example/schema.json" }, "evil.example"],
    ["a file", { $ref: "file:///etc/passwd" }, "/etc/passwd"],
    ["a keyword that would be ignored", { type: "string", minimum: 3 }, "minimum"],
  ])("is refused at the start where it is %s", (_name, schema, reason) => {
    expect(() => configuration(schema)).toThrow(/channels\["chat:\*"\]\.schema/);
    expect(compileJsonSchema(schema)).toMatchObject({
      ok: false,
      complaint: expect.stringContaining(reason),
    });
  });

  it("may refer to itself", () => {
    const tree = { type: "object", properties: { next: { $ref: "#" } } };
    expect(compileJsonSchema(tree)).toMatchObject({ ok: true });
  });
});

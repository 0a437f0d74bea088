import { readFileSync } from "node:fs";
import { downSchemas, upSchemas } from "@holdfast/protocol/schemas";
import { expect, it } from "vitest";
import { page, render } from "./docs-protocol.mjs";

const text = readFileSync(page, "utf8");

it("docs/protocol.md says what the schemas and registries say", () => {
  expect(render(text), "run node tools/docs-protocol.mjs").toBe(text);
});

it("docs/protocol.md has a section for every message, with a row for every field", () => {
  for (const [half, schemas] of Object.entries({ up: upSchemas, down: downSchemas })) {
    const part = text.split(`generated: ${half} -->`)[1] ?? "";
    const sections = part.split("#### ");
    for (const [type, schema] of Object.entries(schemas)) {
      const section = sections.find((each) => each.startsWith(`\`${type}\``)) ?? "";
      expect(section, type).toContain('{"type":');
      for (const field of Object.keys(schema.properties)) {
        if (field !== "type") expect(section, `${type}.${field}`).toMatch(`| \`${field}\` |`);
      }
    }
  }
});

it("every JSON example of docs/protocol.md parses, and every frame is one line", () => {
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
  expect(blocks.length).toBeGreaterThan(30);
  for (const block of blocks) {
    for (const line of block.trim().split("\n")) {
      expect(JSON.parse(line), line).toHaveProperty("type");
    }
  }
});

it("a page whose generated part was changed by hand is noticed", () => {
  const changed = text.replace("| `epoch` | always |", "| `epoch` | optional |");
  expect(changed).not.toBe(text);
  expect(render(changed)).toBe(text);
  expect(() => render("# Another page")).toThrow("has no place");
});

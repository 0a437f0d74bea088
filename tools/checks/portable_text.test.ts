import { expect, test } from "vitest";
import { checkPortableText } from "./portable_text.mjs";

function found(text: string): number {
  return checkPortableText([{ path: "README.md", text }]).length;
}

// Put together here, so that this file does not itself hold what is banned.
const slash = "/";
const registry = "registry";

test.each(["home", "root", "Users", "work"])("a path below /%s is found", (folder) => {
  expect(found(`see ${slash}${folder}${slash}somebody/x`)).toBe(1);
});

test("a registry's host is found, with and without its scheme", () => {
  expect(found(`https:${slash}/${registry}.example.org/a`)).toBe(1);
  expect(found(`${registry}.npmmirror.com`)).toBe(1);
});

test("ordinary text is left alone", () => {
  expect(found("registry.metrics() at /metrics, https://example.org/home/page, src/work/x")).toBe(
    0,
  );
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findFile } from "./static-files.js";

let base: string;
let root: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "holdfast-static-"));
  root = join(base, "public");
  mkdirSync(join(root, "sub"), { recursive: true });
  writeFileSync(join(root, "index.html"), "home");
  writeFileSync(join(root, "sub", "a b.js"), "1");
  writeFileSync(join(root, ".env"), "secret");
  writeFileSync(join(base, "outside.txt"), "secret");
  symlinkSync(join(base, "outside.txt"), join(root, "link.txt"));
});
afterAll(() => rmSync(base, { recursive: true }));

describe("a static path", () => {
  it.each([
    ["/", "index.html"],
    ["/index.html", "index.html"],
    ["/sub/a%20b.js", "a b.js"],
    ["//sub///a%20b.js", "a b.js"],
  ])("%s names a file", async (path, name) => {
    expect((await findFile(root, path))?.path.endsWith(name)).toBe(true);
  });

  it.each([
    "/../outside.txt",
    "/sub/../../outside.txt",
    "/%2e%2e/outside.txt",
    "/..%2foutside.txt",
    "/sub%2fa b.js",
    "/..\\outside.txt",
    "/link.txt",
    "/.env",
    "/index.html%00.js",
    "/%ff",
    "/sub",
    "/sub/",
    "/missing",
  ])("%s names nothing", async (path) => {
    expect(await findFile(root, path)).toBeUndefined();
  });
});

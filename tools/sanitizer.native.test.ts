import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildNative, nativeSource } from "./build-native.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = process.env.CC ?? "cc";
const flags = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-sanitizer-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Where the compiler keeps a library of its own; Node itself is not built with the sanitizers, so they come first. */
function libraryOf(name: string): string {
  const { stdout } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: "utf8" });
  const path = stdout.trim();
  expect(path, `${compiler} has no ${name}; on Debian it comes with gcc`).toContain("/");
  return path;
}

/** Runs the helper's own tests against a build of it with the sanitizers. */
function runTests(source: string, files: readonly string[]) {
  const output = join(folder, `${files.length}.node`);
  const { built, text } = buildNative({ source, output, compiler, flags });
  expect(built, text).toBe(true);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  return spawnSync(process.execPath, [vitest, "run", ...files], {
    cwd: root,
    encoding: "utf8",
    env: {
      ...process.env,
      HOLDFAST_FANOUT: output,
      LD_PRELOAD: `${libraryOf("libasan.so")} ${libraryOf("libubsan.so")}`,
      // Node keeps what it has to the end of its life.
      ASAN_OPTIONS: "detect_leaks=0",
      UBSAN_OPTIONS: "print_stacktrace=1",
    },
  });
}

describe("under the address and undefined behaviour sanitizers", () => {
  it("the native helper's tests pass", () => {
    const { status, stdout, stderr } = runTests(nativeSource, ["packages/fanout/src"]);
    expect(status, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toMatch(/Tests .*passed/);
  }, 120_000);

  it("a helper that reads beyond its arrays is caught", () => {
    const source = join(folder, "planted.c");
    const text = readFileSync(nativeSource, "utf8");
    const planted = text.replace("|| (size_t)which[i] >= length[2])", ")");
    expect(planted).not.toBe(text);
    writeFileSync(source, planted);
    const { status, stdout, stderr } = runTests(source, ["packages/fanout/src/misuse"]);
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain("AddressSanitizer");
  }, 120_000);
});

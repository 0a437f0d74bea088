import { expect, test } from "vitest";
import { checkPinnedPackages } from "./pinned_packages.mjs";

function messages(path: string, content: unknown): string[] {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return checkPinnedPackages([{ path, text }]).map((violation) => violation.message);
}

function lockfile(entry: Record<string, unknown>) {
  return {
    lockfileVersion: 3,
    packages: { "node_modules/a": { integrity: "sha512-x", ...entry } },
  };
}

test("exact versions pass, and peers may be ranges", () => {
  const manifest = {
    dependencies: { a: "1.2.3", b: "2.0.0-rc.1" },
    peerDependencies: { c: ">=1" },
  };
  expect(messages("packages/core/package.json", manifest)).toEqual([]);
});

test.each(["^1.2.3", "~1.2.3", "1.x", "*", "latest", ">=1.0.0", "file:../a"])(
  "the version %s is found",
  (version) => {
    expect(messages("package.json", { devDependencies: { a: version } })).toHaveLength(1);
  },
);

test("a clean lockfile passes", () => {
  expect(messages("package-lock.json", lockfile({}))).toEqual([]);
});

test("a download address in the lockfile is found", () => {
  const found = messages("package-lock.json", lockfile({ resolved: "https://example.test/a.tgz" }));
  expect(found[0]).toContain("download address");
});

test("another lockfile version is found", () => {
  expect(messages("package-lock.json", { lockfileVersion: 2, packages: {} })[0]).toContain("not 3");
});

test("a locked package without integrity is found", () => {
  expect(messages("package-lock.json", lockfile({ integrity: undefined }))[0]).toContain(
    "integrity",
  );
});

test("a lost binary of another system is found", () => {
  const found = messages(
    "package-lock.json",
    lockfile({ optionalDependencies: { "a-darwin-arm64": "1.0.0" } }),
  );
  expect(found[0]).toContain("a-darwin-arm64 is missing");
});

test("a second lockfile is found", () => {
  expect(messages("yarn.lock", "")).toHaveLength(1);
});

test("an .npmrc that would write download addresses is found", () => {
  expect(messages(".npmrc", "fund=false\n")).toHaveLength(1);
  expect(messages(".npmrc", "omit-lockfile-registry-resolved=true\n")).toEqual([]);
});

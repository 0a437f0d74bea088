import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { command, root } from "./commands.js";

// The lockfile has to install with both npm lines that come with the supported Nodes.
const npms = ["10.9.9", "11.21.2"];

/** What `npx holdfast` runs in a clone; it has to be there before anything is built. */
const bin = "packages/holdfast/bin/holdfast.mjs";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-ci-"));
  const tracked = await command(
    "git",
    ["ls-files", "-co", "--exclude-standard", "*package.json", ".npmrc"],
    root,
  );
  const others = ["package-lock.json", bin];
  for (const path of [...tracked.trim().split("\n"), ...others]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(root, path), join(folder, path));
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each(npms)("npm %s installs exactly the lockfile", { timeout: 180_000 }, async (version) => {
  const before = await readFile(join(folder, "package-lock.json"), "utf8");
  const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await command("npx", ["--yes", `npm@${version}`, "ci", ...flags], folder);
  expect(await readFile(join(folder, "package-lock.json"), "utf8")).toBe(before);
  const said = await command("npx", ["--no-install", "holdfast"], folder).catch(String);
  expect(said).toContain("holdfast has not been built yet: npm start or npm run build does that.");
  const vitest = await readFile(join(folder, "node_modules/vitest/package.json"), "utf8");
  const lock = JSON.parse(before);
  expect(JSON.parse(vitest).version).toBe(lock.packages["node_modules/vitest"].version);
});

import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolve } from "../../packages/holdfast/src/config/resolve.js";
import { run } from "./run.mjs";
import { findTool, provideSystemTools, systemTools } from "./system_tools.mjs";

const tool = {
  name: "Spyglass",
  commands: ["spyglass", "spyglass-lite"],
  variable: "HOLDFAST_SPYGLASS",
  aptPackages: ["spyglass"],
  neededBy: "**/*.spyglass.test.ts",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-tools-"));
  await writeFile(join(folder, "spyglass-lite"), "");
  await chmod(join(folder, "spyglass-lite"), 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a tool is found on the path under any of its names", () => {
  expect(findTool(tool, { PATH: `/nowhere:${folder}` })).toBe(join(folder, "spyglass-lite"));
  expect(findTool(tool, { PATH: "/nowhere" })).toBeUndefined();
});

test("its variable names it, and a wrong one is not passed over in silence", () => {
  const env = { PATH: folder, HOLDFAST_SPYGLASS: "/nowhere/spyglass" };
  expect(findTool(tool, env)).toBeUndefined();
  expect(
    findTool(tool, { ...env, HOLDFAST_SPYGLASS: join(folder, "spyglass-lite") }),
  ).toBeDefined();
});

test("a tool that is there is handed to the tests by its path, one that is not is missing", async () => {
  process.env.HOLDFAST_NO_APT = "1";
  process.env.HOLDFAST_SPYGLASS = join(folder, "spyglass-lite");
  try {
    const compass = {
      ...tool,
      name: "Compass",
      commands: ["no-compass"],
      variable: "HOLDFAST_COMPASS",
    };
    const { env, missing } = await provideSystemTools([tool, compass]);
    expect(env).toEqual({ HOLDFAST_SPYGLASS: join(folder, "spyglass-lite") });
    expect(missing).toEqual([compass]);
  } finally {
    delete process.env.HOLDFAST_NO_APT;
    delete process.env.HOLDFAST_SPYGLASS;
  }
});

test.each(systemTools)(
  "the page for contributors names $name, its tests and its package",
  async (each) => {
    const page = await readFile(new URL("../../CONTRIBUTING.md", import.meta.url), "utf8");
    expect(page).toContain(
      `apt-get install -y --no-install-recommends ${each.aptPackages.join(" ")}`,
    );
    expect(page).toContain(each.variable);
    const suffix = /\*\*\/(\*\..+\.test\.ts)$/.exec(each.neededBy)?.[1];
    if (suffix !== undefined) expect(page).toContain(`\`${suffix}\``);
  },
);

test.each(systemTools)("holdfast takes $variable for no option of its own", ({ variable }) => {
  expect(() => resolve({ env: { [variable]: "/path" }, flags: new Map() })).not.toThrow();
});

/** `npm test -- --prepare` on a machine that has every tool, but for the variables given. */
function prepare(variables: Record<string, string>) {
  const found = systemTools.map(({ variable }) => [variable, process.execPath]);
  const env = { ...process.env, ...Object.fromEntries(found), HOLDFAST_NO_APT: "1", ...variables };
  return run(process.execPath, ["tools/test.mjs", "--prepare"], { env, quiet: true });
}

test("npm test with HOLDFAST_NO_APT names what is missing, and fails", async () => {
  const { code, output } = await prepare({ HOLDFAST_CHROMIUM: join(folder, "none") });
  expect(output).toContain("Chromium: missing, and HOLDFAST_NO_APT is set. As root: apt-get");
  expect(output).toContain("FAILED: Chromium is there for **/*.browser.test.ts");
  expect(output).toMatch(/\n\d+ passed, 1 failed\n$/);
  expect(code).toBe(1);
});

test("npm test -- --prepare only provides what the tests need", async () => {
  const { code, output } = await prepare({});
  expect(output).toMatch(/\n\d+ passed, 0 failed\n$/);
  expect(output).not.toContain("Compiling");
  expect(code).toBe(0);
});

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findTool, planInstallation } from "./system_tools.mjs";

const tool = {
  name: "Spyglass",
  commands: ["spyglass", "spyglass-lite"],
  variable: "HOLDFAST_SPYGLASS",
  aptPackages: ["spyglass"],
  neededBy: "**/*.spyglass.test.ts",
};
const debian = { isDebian: true, isRoot: true, mayUseApt: true };

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

test("on Debian as root it is installed without recommended packages", () => {
  const plan = planInstallation([tool], debian);
  const commands = "commands" in plan ? plan.commands.map((words) => words.join(" ")) : [];
  expect(commands[0]).toMatch(/^apt-get .*update$/);
  expect(commands[1]).toMatch(/^apt-get .*install -y --no-install-recommends spyglass$/);
});

test.each([
  { ...debian, isRoot: false },
  { ...debian, mayUseApt: false },
])("where it may not be installed the command is named instead: %j", (machine) => {
  const plan = planInstallation([tool], machine);
  expect("complaint" in plan && plan.complaint).toContain(
    "apt-get install -y --no-install-recommends spyglass",
  );
});

test("on another system what is missing is named", () => {
  const plan = planInstallation([tool], { ...debian, isDebian: false });
  expect("complaint" in plan && plan.complaint).toContain("Spyglass: missing");
});

import { access, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planInstallation, withoutServices } from "./apt.mjs";

const tool = {
  name: "Spyglass",
  commands: ["spyglass"],
  variable: "HOLDFAST_SPYGLASS",
  aptPackages: ["spyglass"],
  neededBy: "**/*.spyglass.test.ts",
};
const debian = { isDebian: true, isRoot: true, mayUseApt: true };

let policy: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-apt-"));
  policy = join(folder, "policy-rc.d");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

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

test("while packages are installed a policy forbids services, and it is gone afterwards", async () => {
  const seen = await withoutServices(async () => {
    const { mode } = await stat(policy);
    return { text: await readFile(policy, "utf8"), isExecutable: (mode & 0o111) !== 0 };
  }, policy);
  expect(seen).toEqual({
    text: expect.stringMatching(/^#!\/bin\/sh\n.*\nexit 101\n$/),
    isExecutable: true,
  });
  await expect(access(policy)).rejects.toThrow("ENOENT");
});

test("the policy goes although the installation failed", async () => {
  const failing = withoutServices(() => Promise.reject(new Error("no network")), policy);
  await expect(failing).rejects.toThrow("no network");
  await expect(access(policy)).rejects.toThrow("ENOENT");
});

test("what a killed run left behind is taken away by the next one", async () => {
  const left = await withoutServices(() => readFile(policy, "utf8"), policy);
  await writeFile(policy, left);
  await withoutServices(() => Promise.resolve(), policy);
  await expect(access(policy)).rejects.toThrow("ENOENT");
});

test("the machine's own policy stays as it is", async () => {
  await writeFile(policy, "#!/bin/sh\nexit 101 # a container\n");
  await withoutServices(() => Promise.resolve(), policy);
  expect(await readFile(policy, "utf8")).toContain("a container");
});

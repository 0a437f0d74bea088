import { accessSync, constants, existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run } from "./run.mjs";
import { say } from "./say.mjs";

/**
 * What the tests need beyond Node packages.
 *
 * @typedef {object} SystemTool
 * @property {string} name for the reader
 * @property {readonly string[]} commands any of which will do
 * @property {string} variable names the binary to use, if it is set, and is set for the tests
 * @property {readonly string[]} aptPackages
 * @property {string} neededBy the pattern of the test files that need it
 */

/** @type {readonly SystemTool[]} */
export const systemTools = [
  {
    name: "Chromium",
    commands: ["chromium", "chromium-browser", "google-chrome"],
    variable: "HOLDFAST_CHROMIUM",
    aptPackages: ["chromium"],
    neededBy: "**/*.browser.test.ts",
  },
  {
    name: "A C compiler",
    commands: ["cc"],
    variable: "CC",
    aptPackages: ["gcc", "libc6-dev"],
    neededBy: "packages/fanout/src/fanout.test.ts",
  },
];

/**
 * The full path of the tool's command.
 * @param {Pick<SystemTool, "commands" | "variable">} tool
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findTool(tool, env = process.env) {
  const own = env[tool.variable];
  if (own?.includes("/")) return isExecutable(own) ? own : undefined;
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const commands = own ? [own] : tool.commands;
  return commands
    .flatMap((command) => folders.map((folder) => join(folder, command)))
    .find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * What can be done about missing tools: commands to run, or why none may be.
 *
 * @param {readonly SystemTool[]} missing
 * @param {{ isDebian: boolean, isRoot: boolean, mayUseApt: boolean }} machine
 * @returns {{ commands: readonly (readonly string[])[] } | { complaint: string }}
 */
export function planInstallation(missing, { isDebian, isRoot, mayUseApt }) {
  const packages = missing.flatMap((tool) => tool.aptPackages);
  const names = missing.map((tool) => tool.name).join(", ");
  const byHand = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (!isDebian) return { complaint: `${names}: missing; install it with your system's packages.` };
  if (!mayUseApt) {
    return { complaint: `${names}: missing, and HOLDFAST_NO_APT is set. As root: ${byHand}` };
  }
  if (!isRoot) return { complaint: `${names}: missing. As root: ${byHand}` };
  const wait = ["-o", "DPkg::Lock::Timeout=120"];
  return {
    commands: [
      ["apt-get", ...wait, "update"],
      ["apt-get", ...wait, "install", "-y", "--no-install-recommends", ...packages],
    ],
  };
}

const policyPath = "/usr/sbin/policy-rc.d";

/**
 * Runs apt-get while a policy forbids that installed services start.
 * @param {readonly (readonly string[])[]} commands
 */
async function installQuietly(commands) {
  const ownPolicy = !existsSync(policyPath);
  if (ownPolicy) await writeFile(policyPath, "#!/bin/sh\nexit 101\n", { mode: 0o755, flag: "wx" });
  try {
    for (const [command = "", ...args] of commands) {
      say(`Running: ${[command, ...args].join(" ")}`);
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      const { code } = await run(command, args, { env });
      if (code !== 0) return;
    }
  } finally {
    if (ownPolicy) await rm(policyPath, { force: true });
  }
}

/**
 * Finds the system's tools, and installs what is missing where that may be done.
 *
 * @param {readonly SystemTool[]} [wanted]
 * @returns {Promise<{ env: Record<string, string>, missing: SystemTool[] }>} `env`: each found
 *   tool's path under its variable
 */
export async function provideSystemTools(wanted = systemTools) {
  let missing = wanted.filter((tool) => findTool(tool) === undefined);
  if (missing.length > 0) {
    const plan = planInstallation(missing, {
      isDebian: existsSync("/etc/debian_version"),
      isRoot: process.getuid?.() === 0,
      mayUseApt: !process.env.HOLDFAST_NO_APT,
    });
    if ("complaint" in plan) say(plan.complaint);
    else await installQuietly(plan.commands);
    missing = wanted.filter((tool) => findTool(tool) === undefined);
  }
  /** @type {Record<string, string>} */
  const env = {};
  for (const tool of wanted) {
    const path = findTool(tool);
    if (path !== undefined) env[tool.variable] = path;
  }
  return { env, missing };
}

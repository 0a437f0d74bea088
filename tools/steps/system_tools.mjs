import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { installQuietly, planInstallation } from "./apt.mjs";
import { say } from "./say.mjs";

/**
 * What the tests need beyond Node packages. A further tool is one entry here: `npm test` then finds
 * or installs it, hands its path to the tests, and fails by name where it cannot be had.
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
    neededBy: "**/*.native.test.ts",
  },
  {
    name: "Redis",
    commands: ["redis-server"],
    variable: "HOLDFAST_REDIS_SERVER",
    aptPackages: ["redis-server"],
    neededBy: "**/*.redis.test.ts",
  },
  {
    name: "NATS",
    commands: ["nats-server"],
    variable: "HOLDFAST_NATS_SERVER",
    aptPackages: ["nats-server"],
    neededBy: "**/*.nats.test.ts",
  },
];

/** Where Debian puts servers; the path of an ordinary user leaves them out. */
const serverFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * The full path of the tool's command.
 * @param {Pick<SystemTool, "commands" | "variable">} tool
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findTool(tool, env = process.env) {
  const own = env[tool.variable];
  if (own?.includes("/")) return isExecutable(own) ? own : undefined;
  const path = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const folders = [...path, ...serverFolders];
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

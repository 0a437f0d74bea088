import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { run } from "./run.mjs";
import { say } from "./say.mjs";

/** @import { SystemTool } from "./system_tools.mjs" */

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

/** What a run that was killed before it cleaned up is known by. */
const policyMark = "# Holdfast's tests: installed services do not start.";

/** Where a package's scripts ask whether they may start a service (invoke-rc.d(8)). */
const systemPolicyPath = "/usr/sbin/policy-rc.d";

/**
 * Runs `step` while a policy forbids that installed services start; exit code 101 is "forbidden".
 * A policy that the machine already has stays as it is, and counts.
 *
 * @template T
 * @param {() => Promise<T>} step
 * @param {string} [path]
 * @returns {Promise<T>}
 */
export async function withoutServices(step, path = systemPolicyPath) {
  const found = existsSync(path) ? await readFile(path, "utf8") : undefined;
  const isOurs = found === undefined || found.includes(policyMark);
  if (isOurs) await writeFile(path, `#!/bin/sh\n${policyMark}\nexit 101\n`, { mode: 0o755 });
  try {
    return await step();
  } finally {
    if (isOurs) await rm(path, { force: true });
  }
}

/**
 * Runs apt-get commands, one after another until one fails, and starts no service.
 * @param {readonly (readonly string[])[]} commands
 */
export async function installQuietly(commands) {
  await withoutServices(async () => {
    for (const [command = "", ...args] of commands) {
      say(`Running: ${[command, ...args].join(" ")}`);
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      const { code } = await run(command, args, { env });
      if (code !== 0) return;
    }
  });
}

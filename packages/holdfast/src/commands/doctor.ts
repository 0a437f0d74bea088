import { statSync } from "node:fs";
import { boolean } from "@holdfast/core";
import { findFanoutHelper } from "@holdfast/gateway/internal";
import type { Command } from "../cli/command.js";
import { exitCodes } from "../cli/exit-codes.js";
import { UsageError } from "../config/usage-error.js";
import { installation } from "../doctor/installation.js";
import { securityChecks, securityFindings } from "../doctor/security.js";
import { configurationFlags, configurationOf } from "./configuration.js";

/** `holdfast doctor`: looks at an installation, or at a configuration before it goes into production. */
export const doctorCommand: Command = {
  name: "doctor",
  usage: "[--security [flags of serve]]",
  operands: [],
  summary: "Examines this installation, or a configuration for what it leaves open.",
  details: [
    "Without --security it says whether publications reach sockets through the native helper, and if not, why.",
    "With --security it takes what serve takes, starts nothing, and lists findings: close those marked open before",
    "production, and decide about those marked look. docs/security.md explains each by its name.",
  ],
  examples: ["holdfast doctor", "holdfast doctor --security --config production.json"],
  exits: { 0: "Nothing is open.", 1: "Something is open." },
  options: {
    security: boolean(false, {
      unit: "",
      description: "Examines the configuration for what an attacker would look for.",
    }),
    ...configurationFlags,
  },
  run: async (terminal, args) => {
    if (args.flags.get("security")?.at(-1) !== true) {
      const [other] = args.flags.keys();
      if (other !== undefined) {
        throw new UsageError(`holdfast doctor: --${other} goes with --security.`);
      }
      for (const line of installation(findFanoutHelper())) terminal.print(line);
      return exitCodes.done.code;
    }
    const configuration = configurationOf(terminal, args, ["security"]);
    const findings = securityFindings(configuration, {
      nodeMajor: Number(process.versions.node.split(".")[0]),
      modeOf,
    });
    const width = Math.max(...securityChecks.map((id) => id.length));
    for (const { weight, id, says, advice } of findings) {
      terminal.print(`${weight}  ${id.padEnd(width)}  ${says} To do: ${advice}`);
    }
    const open = findings.filter(({ weight }) => weight === "open").length;
    terminal.note(
      `${securityChecks.length} things were looked at: ${open} open, ${findings.length - open} to look at.`,
    );
    return open === 0 ? exitCodes.done.code : exitCodes.failed.code;
  },
};

/** Windows has no such bits, and a file that is not there is found elsewhere. */
function modeOf(path: string): number | undefined {
  if (process.platform === "win32") return undefined;
  return statSync(path, { throwIfNoEntry: false })?.mode;
}

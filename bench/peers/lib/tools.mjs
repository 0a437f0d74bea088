import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this benchmark, and the root of the repository. */
export const folder = fileURLToPath(new URL("..", import.meta.url));
const root = join(folder, "..", "..");
const cache = join(root, ".cache", "bench-peers");

/** Exactly this one, so that two runs compare. */
const centrifugoModule = "github.com/centrifugal/centrifugo/v6@v6.9.1";

/** What is started, where it lies once `provide` has put it there. */
export const tools = {
  floor: join(cache, "floor"),
  load: join(cache, "load"),
  bun: join(folder, "node_modules", "@oven", "bun-linux-x64", "bin", "bun"),
  centrifugo: join(cache, "centrifugo"),
};

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined} what went wrong
 */
function run(command, args, env = process.env) {
  const { status, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : stderr.trim();
}

/** @param {string} output @param {readonly string[]} sources */
function compile(output, sources) {
  const paths = sources.map((name) => join(folder, "native", name));
  const newest = Math.max(
    ...readdirSync(join(folder, "native")).map(
      (name) => statSync(join(folder, "native", name)).mtimeMs,
    ),
  );
  if (existsSync(output) && statSync(output).mtimeMs > newest) return undefined;
  const flags = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror"];
  return run(process.env.CC ?? "cc", [...flags, "-o", output, ...paths]);
}

/** Compiles the floor and the load generator; throws with the compiler's words. */
export function compileNative() {
  mkdirSync(cache, { recursive: true });
  const failed =
    compile(tools.floor, ["floor.c", "wire.c"]) ??
    compile(tools.load, ["load.c", "connection.c", "conversation.c", "dialect.c", "wire.c"]);
  if (failed !== undefined) throw new Error(`The benchmark does not compile: ${failed}`);
}

/** Installs the peers of the lockfile, unless they are there. @param {(text: string) => void} say */
function installPackages(say) {
  const lockfile = readFileSync(join(folder, "package-lock.json"));
  const wanted = createHash("sha256").update(lockfile).digest("hex");
  const stamp = join(folder, "node_modules", ".stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("Installing the peers (npm ci in bench/peers).");
  const failed = run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  if (failed !== undefined) throw new Error(`The peers cannot be installed: ${failed}`);
  writeFileSync(stamp, wanted);
}

/** Builds Centrifugo where there is Go; a machine without leaves it out. @param {(text: string) => void} say */
function buildCentrifugo(say) {
  if (existsSync(tools.centrifugo)) return;
  if (spawnSync("go", ["version"]).status !== 0) return;
  say(`Building ${centrifugoModule}; this takes minutes, once.`);
  const failed = run("go", ["install", centrifugoModule], { ...process.env, GOBIN: cache });
  if (failed !== undefined) say(`Centrifugo is left out: ${failed.split("\n").at(-1)}`);
}

/** Builds Holdfast; what that says goes to standard error, beside the result. */
function buildHoldfast() {
  const script = join(folder, "lib", "prepare.mjs");
  const { status } = spawnSync(process.execPath, [script], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("Holdfast does not build; the reason is above.");
}

/** Whether the repackaged uWebSockets.js loads on this Node and C library. */
function loadsUws() {
  try {
    createRequire(import.meta.url)("uwebsockets");
    return true;
  } catch {
    return false;
  }
}

/**
 * Puts everything in place that the peers of these names need.
 * @param {ReadonlySet<string>} names
 * @param {(text: string) => void} say
 * @returns {ReadonlyMap<string, string>} what cannot be measured here, and why
 */
export function provide(names, say) {
  compileNative();
  const own = ["floor", "floor-long", "ws", "ws-framed", "holdfast", "holdfast-js"];
  if ([...names].some((name) => name.startsWith("holdfast"))) buildHoldfast();
  if ([...names].some((name) => !own.includes(name))) installPackages(say);
  if (names.has("centrifugo")) buildCentrifugo(say);
  /** @type {Map<string, string>} */
  const missing = new Map();
  if (names.has("uws") && !loadsUws()) missing.set("uws", "it does not load on this machine");
  if (names.has("bun") && !existsSync(tools.bun)) missing.set("bun", "its binary is not installed");
  if (names.has("centrifugo") && !existsSync(tools.centrifugo)) {
    missing.set("centrifugo", "it has not been built (needs Go)");
  }
  return missing;
}

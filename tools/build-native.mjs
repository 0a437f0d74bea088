// Compiles the optional fan-out helper with the machine's own C compiler; its absence is no failure.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = path.join(root, "packages/fanout/native");
/** The helper's one source file. */
export const nativeSource = path.join(folder, "fanout.c");

/** Headers of the stable Node-API, from the registry's package. */
function headers() {
  return createRequire(path.join(root, "packages/fanout/package.json"))("node-api-headers")
    .include_dir;
}

/**
 * Builds `output` from the source unless it is newer.
 * @returns {{ built: boolean, changed?: boolean, text: string }} what happened, in plain words
 */
export function buildNative({
  output = path.join(folder, `fanout-${process.platform}-${process.arch}.node`),
  compiler = process.env.CC ?? "cc",
  flags = ["-O2"],
  source = nativeSource,
} = {}) {
  if (existsSync(output) && statSync(output).mtimeMs >= statSync(source).mtimeMs) {
    return { built: true, text: "the fan-out helper is up to date" };
  }
  const shared =
    process.platform === "darwin"
      ? ["-bundle", "-undefined", "dynamic_lookup"]
      : ["-shared", "-fPIC"];
  const args = [
    ...flags,
    "-std=c11",
    "-D_DEFAULT_SOURCE",
    "-Wall",
    "-Wextra",
    "-Werror",
    ...shared,
  ];
  const run = spawnSync(compiler, [...args, `-I${headers()}`, "-o", output, source], {
    encoding: "utf8",
  });
  if (run.error)
    return { built: false, text: `no C compiler (${compiler}): the JavaScript fan-out is used` };
  if (run.status !== 0)
    return { built: false, text: `the fan-out helper does not compile:\n${run.stderr}` };
  return { built: true, changed: true, text: "compiled the fan-out helper" };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(buildNative().text);

import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { plantedText } from "../planting.mjs";
import { root } from "../steps/run.mjs";

/** @import { Defect } from "../planting.mjs" */

const folder = join(root, ".cache", "fuzz");

/** Packages of others stay where they are, some of them are native. */
const onlyOurs = {
  name: "only-ours",
  /** @param {import("esbuild").PluginBuild} bundling */
  setup(bundling) {
    bundling.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === "entry-point" || path.startsWith("@holdfast/")) return undefined;
      return { path, external: true };
    });
  },
};

/**
 * Bundles the fuzzer with the product's own source, whole or with one defect; the file that runs.
 * @param {Defect} [defect]
 * @returns {Promise<string>}
 */
export async function bundleFuzzer(defect) {
  let planted = 0;
  /** @type {import("esbuild").Plugin} */
  const planting = {
    name: "planting",
    setup(bundling) {
      if (defect === undefined) return;
      const path = join(root, defect.file);
      bundling.onLoad({ filter: /\.ts$/ }, async (args) => {
        if (args.path !== path) return undefined;
        planted += 1;
        return { contents: await plantedText(defect), loader: "ts" };
      });
    },
  };
  const result = await build({
    stdin: {
      contents: `
        import { writeSync } from "node:fs";
        import { readTask, runTask } from "./main.ts";
        const tell = (line) => writeSync(1, JSON.stringify(line) + "\\n");
        try {
          await runTask(readTask(), tell);
          process.exit(0);
        } catch (error) {
          writeSync(2, String(error?.stack ?? error) + "\\n");
          process.exit(1);
        }
      `,
      resolveDir: join(root, "test", "fuzz"),
      loader: "ts",
    },
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["@holdfast/source"],
    plugins: [planting, onlyOurs],
    logLevel: "silent",
  });
  if (defect !== undefined && planted !== 1) {
    throw new Error(`${defect.name}: ${defect.file} is not part of what is tried`);
  }
  const bytes = result.outputFiles[0]?.contents ?? new Uint8Array();
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const path = join(folder, `${hash}.mjs`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, bytes);
  return path;
}

import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { plantedText } from "./planting.mjs";
import { root } from "./steps/run.mjs";

/** @import { Plugin } from "esbuild" */
/** @import { Defect } from "./planting.mjs" */

/**
 * What is bundled, and where.
 * @typedef {object} Bundling
 * @property {string} folder below `.cache`
 * @property {string} resolveDir path from the root that the contents' imports start at
 * @property {string} contents a module's text
 * @property {Defect | undefined} defect
 */

/** Packages of others stay where they are, some of them are native. @type {Plugin} */
const onlyOurs = {
  name: "only-ours",
  setup(bundling) {
    bundling.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === "entry-point" || path.startsWith("@holdfast/")) return undefined;
      return { path, external: true };
    });
  },
};

/**
 * Bundles a module with the product's own source, whole or with one defect; the file that runs.
 * Throws where the defect's file is no part of it.
 * @param {Bundling} bundling
 * @returns {Promise<string>}
 */
export async function bundleSource({ folder, resolveDir, contents, defect }) {
  let planted = 0;
  /** @type {Plugin} */
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
    stdin: { contents, resolveDir: join(root, resolveDir), loader: "ts" },
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
  const path = join(root, ".cache", folder, `${hash}.mjs`);
  await mkdir(join(root, ".cache", folder), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

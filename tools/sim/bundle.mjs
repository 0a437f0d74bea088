import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../steps/run.mjs";

/**
 * A deliberate defect: a piece of the product's source and what stands there instead. It is put in
 * while a test bundles the simulation, so that no product that was built can ever have it.
 *
 * @typedef {object} Defect
 * @property {string} name
 * @property {readonly string[]} invariants which the checker may name, the first of them mostly
 * @property {string} file path from the root
 * @property {string} find stands in the file exactly once
 * @property {string} replace
 * @property {{ find: string, replace: string }} [also] a second place in the same file
 */

/** @typedef {Defect & { seeds: number }} PlantedBug with the seeds within which it has to be found */

const folder = join(root, ".cache", "sim");

/** @param {Defect} bug */
function planting(bug) {
  const path = join(root, bug.file);
  let planted = 0;
  return {
    /** How often the defect was put in. */
    get count() {
      return planted;
    },
    plugin: {
      name: "planted-bug",
      /** @param {import("esbuild").PluginBuild} bundling */
      setup(bundling) {
        const filter = new RegExp(`${bug.file.split("/").at(-1)?.replaceAll(".", "\\.")}$`);
        bundling.onLoad({ filter }, async (args) => {
          if (args.path !== path) return undefined;
          let contents = await readFile(path, "utf8");
          for (const { find, replace } of bug.also === undefined ? [bug] : [bug, bug.also]) {
            const parts = contents.split(find);
            if (parts.length !== 2) {
              const times = parts.length - 1;
              throw new Error(`${bug.name}: its place stands ${times} times in ${bug.file}`);
            }
            contents = parts.join(replace);
          }
          planted += 1;
          return { contents, loader: "ts" };
        });
      },
    },
  };
}

const simulation = `
  import { covered, runSeeds } from "./main.ts";
  const range = JSON.parse(process.argv[2] ?? "{}");
  if (range.covered) process.stdout.write(JSON.stringify(covered) + "\\n");
  else await runSeeds(range, (line) => process.stdout.write(JSON.stringify(line) + "\\n"));
`;

const herd = `
  import { runHerd } from "./herd/herd.ts";
  const figures = await runHerd(JSON.parse(process.argv[2] ?? "{}"));
  process.stdout.write(JSON.stringify(figures) + "\\n");
`;

/**
 * Bundles the simulation with the product's own source, whole or with one defect; the file that runs.
 * @param {Defect} [bug]
 * @returns {Promise<string>}
 */
export function bundleSimulation(bug) {
  return bundleEntry(simulation, bug);
}

/** Bundles the simulation of many clients coming back; the file that runs. */
export function bundleHerd() {
  return bundleEntry(herd);
}

/**
 * @param {string} contents
 * @param {Defect} [bug]
 * @returns {Promise<string>}
 */
async function bundleEntry(contents, bug) {
  const planted = bug === undefined ? undefined : planting(bug);
  const result = await build({
    stdin: {
      contents,
      resolveDir: join(root, "sim", "src"),
      loader: "ts",
    },
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["@holdfast/source"],
    plugins: planted === undefined ? [] : [planted.plugin],
    logLevel: "silent",
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  if (planted !== undefined && planted.count !== 1) {
    throw new Error(`${bug?.name}: ${bug?.file} is not part of the simulation`);
  }
  const bytes = result.outputFiles[0]?.contents ?? new Uint8Array();
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const path = join(folder, `${hash}.mjs`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, bytes);
  return path;
}

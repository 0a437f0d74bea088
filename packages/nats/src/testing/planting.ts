import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

/** A piece of this package's source, and what stands there instead while a test bundles it. */
export interface PlantedFault {
  /** Path below `src`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

type Harness = typeof import("./harness.js");

const source = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const root = resolve(source, "..", "..", "..");
const made = new Map<string, Promise<Harness>>();

/** The harness over the engine's own source, whole or with one fault. */
export function bundleHarness(fault?: PlantedFault): Promise<Harness> {
  const name = JSON.stringify(fault ?? null);
  const known = made.get(name) ?? bundle(fault);
  made.set(name, known);
  return known;
}

async function bundle(fault: PlantedFault | undefined): Promise<Harness> {
  let planted = 0;
  const planting = (given: PlantedFault): Plugin => ({
    name: "planted-fault",
    setup(bundling) {
      const path = join(source, given.file);
      bundling.onLoad({ filter: /\.ts$/ }, async (args) => {
        if (args.path !== path) return undefined;
        const parts = (await readFile(path, "utf8")).split(given.find);
        if (parts.length !== 2) {
          throw new Error(`${given.find} stands ${parts.length - 1} times in ${given.file}`);
        }
        planted += 1;
        return { contents: parts.join(given.replace), loader: "ts" };
      });
    },
  });
  const result = await build({
    entryPoints: [join(source, "testing", "harness.ts")],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["@holdfast/source"],
    external: ["@nats-io/*"],
    plugins: fault === undefined ? [] : [planting(fault)],
    logLevel: "silent",
  });
  if (fault !== undefined && planted !== 1) throw new Error(`${fault.file} is not in the bundle`);
  const bytes = result.outputFiles[0]?.contents ?? new Uint8Array();
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const folder = join(root, ".cache", "nats");
  const path = join(folder, `${hash}.mjs`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, bytes);
  return await import(pathToFileURL(path).href);
}

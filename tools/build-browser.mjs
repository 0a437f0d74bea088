// Bundles the client for browsers into one minified file, packages/client/dist/browser/client.js,
// unless nothing it is made of has changed. The gateway serves it at /client.js.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown, VERSION } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const client = join(root, "packages", "client");
const folder = join(client, "dist", "browser");
const outfile = join(folder, "client.js");
const stampPath = join(folder, ".inputs.json");

/**
 * One hash over everything the bundle was made of, or undefined if a file of it is gone.
 * @param {readonly string[]} inputs paths from the root
 */
async function hashOf(inputs) {
  const hash = createHash("sha256").update(VERSION);
  for (const input of [...inputs, "packages/client/package.json", "tools/build-browser.mjs"]) {
    const bytes = await readFile(join(root, input)).catch(() => undefined);
    if (bytes === undefined) return undefined;
    hash.update(input).update(bytes);
  }
  return hash.digest("hex");
}

async function isUpToDate() {
  const text = await readFile(stampPath, "utf8").catch(() => undefined);
  const bundle = await readFile(outfile).catch(() => undefined);
  if (text === undefined || bundle === undefined) return false;
  const stamp = JSON.parse(text);
  return stamp.hash === (await hashOf(stamp.inputs));
}

/** @type {import("rolldown").OutputOptions} */
const output = { format: "esm", minify: true, comments: false };

/** @param {string} entry a file of the client's source */
function bundlingOf(entry) {
  return rolldown({
    input: join(client, "src", entry),
    platform: "browser",
    resolve: {
      conditionNames: ["@holdfast/source", "browser", "import"],
      extensionAlias: { ".js": [".ts", ".js"] },
    },
    transform: { target: "es2022" },
  });
}

/**
 * What an entry of the client costs a page that loads nothing else of it; nothing is written.
 * @param {string} entry a file of the client's source
 */
export async function bundledAlone(entry) {
  const bundling = await bundlingOf(entry);
  const { output: chunks } = await bundling.generate(output);
  await bundling.close();
  return Buffer.from(chunks[0].code);
}

async function bundle() {
  const bundling = await bundlingOf("mod.ts");
  await bundling.write({ ...output, file: outfile, sourcemap: true });
  const inputs = (await bundling.watchFiles).map((path) => relative(root, path)).sort();
  await bundling.close();
  await writeFile(stampPath, JSON.stringify({ inputs, hash: await hashOf(inputs) }));
}

/**
 * Makes the bundle where it is not up to date.
 * @returns {Promise<{ changed: boolean, text: string }>} what happened, in plain words
 */
export async function buildBrowser() {
  const name = relative(root, outfile);
  if (await isUpToDate()) return { changed: false, text: `${name} is up to date` };
  await bundle();
  const gzippedBytes = gzipSync(await readFile(outfile), { level: 9 }).length;
  return { changed: true, text: `bundled ${name}, ${gzippedBytes} bytes gzipped` };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.stdout.write(`${(await buildBrowser()).text}\n`);
}

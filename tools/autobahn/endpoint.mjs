import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "../steps/run.mjs";

/** The suite sends messages of 16 MiB, and cuts some of 4 MiB into frames of 64 bytes. */
const settings = {
  maxMessageBytes: 16_777_216,
  maxFragmentsPerMessage: 100_000,
  // Everything that can be is compressed, or the compression would go untested.
  compressionThresholdBytes: 0,
};

/**
 * The echo endpoint of the conformance tests, the gateway's own door and transport, from its source.
 * @param {string} folder where the bundle is kept
 * @returns {Promise<{ port: number, close(): void }>}
 */
export async function openEndpoint(folder) {
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, "echo-endpoint.mjs");
  await build({
    entryPoints: [join(root, "test", "conformance", "echo-endpoint.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["@holdfast/source"],
    logLevel: "silent",
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  const { openEcho } = await import(pathToFileURL(outfile).href);
  return openEcho({ compression: true, settings });
}

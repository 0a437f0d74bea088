import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./steps/run.mjs";

/** What stands at the beginning of a line and is loaded before anything runs. */
const staticImport = /^(?:import|export)\s[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm;

/** Every module that is loaded with an entry, and what it imports that is neither Node's nor a file. */
async function packagesOf(entry: string): Promise<{ files: number; packages: string[] }> {
  const seen = new Set<string>();
  const packages: string[] = [];
  const waiting = [join(root, entry)];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const text = await readFile(path, "utf8");
    for (const [, from, bare] of text.matchAll(staticImport)) {
      const name = from ?? bare ?? "";
      if (name.startsWith(".")) waiting.push(join(dirname(path), name));
      else if (!name.startsWith("node:")) packages.push(`${path.slice(root.length)}: ${name}`);
    }
  }
  return { files: seen.size, packages };
}

test.each(["tools/start.mjs", "tools/test.mjs"])(
  "%s runs before anything is installed",
  async (entry) => {
    const { files, packages } = await packagesOf(entry);
    expect(files).toBeGreaterThan(5);
    expect(packages).toEqual([]);
  },
);

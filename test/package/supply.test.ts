import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { command, root } from "./commands.js";

interface Locked {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
}

async function locked(): Promise<[string, Locked][]> {
  const text = await readFile(join(root, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
  return Object.entries(packages).filter(([path]) => path.includes("node_modules/"));
}

/**
 * Packages that are shipped and have an install script, and why it need not run. Their native parts
 * come prebuilt in optional packages of their own; the script only builds what is not among them.
 */
const scriptsNotNeeded = ["lmdb", "msgpackr-extract"];

test("no shipped package needs its install script", async () => {
  const scripted = (await locked())
    .filter(([, { dev, hasInstallScript }]) => hasInstallScript === true && dev !== true)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  expect(scripted.filter((name) => !scriptsNotNeeded.includes(name))).toEqual([]);
});

test("everything locked has its hash", async () => {
  const bare = (await locked()).filter(([, { integrity, link }]) => link !== true && !integrity);
  expect(bare.map(([path]) => path)).toEqual([]);
});

test("no package of ours runs anything when it is installed", async () => {
  const files = await command("git", ["ls-files", "*package.json"], root);
  for (const file of files.trim().split("\n")) {
    const { scripts = {} } = JSON.parse(await readFile(join(root, file), "utf8")) as {
      scripts?: Record<string, string>;
    };
    const own = Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name));
    expect([file, own]).toEqual([file, []]);
  }
});

test("npm run sbom names what is shipped, in CycloneDX, and nothing else", async () => {
  const text = await command("npm", ["run", "--silent", "sbom"], root);
  const { bomFormat, components } = JSON.parse(text) as {
    bomFormat: string;
    components: { name: string; version: string }[];
  };
  expect(bomFormat).toBe("CycloneDX");
  const names = components.map(({ name }) => name);
  expect(components).toContainEqual(expect.objectContaining({ name: "ws", version: "8.23.0" }));
  for (const name of ["vitest", "typescript", "@biomejs/biome"]) expect(names).not.toContain(name);
});

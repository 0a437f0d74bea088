import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, run } from "./run.mjs";
import { say, secondsSince } from "./say.mjs";

const stampPath = join(root, "node_modules", ".holdfast-stamp");

/** What the installed packages depend on: the lockfile, and Node's ABI, system and processor. */
async function wantedStamp() {
  const lockfile = await readFile(join(root, "package-lock.json"));
  const hash = createHash("sha256").update(lockfile).digest("hex");
  return `${hash} abi ${process.versions.modules} ${process.platform} ${process.arch}\n`;
}

/**
 * Whether an `npm ci` by hand has put there what the lockfile asks for: npm leaves a lockfile of
 * what it installed, which has no entry for what another platform would have needed.
 */
async function isInstalledByHand() {
  const [wanted, there] = await Promise.all(
    ["package-lock.json", "node_modules/.package-lock.json"].map(async (path) => {
      const text = await readFile(join(root, path), "utf8").catch(() => '{"packages":{}}');
      return Object.entries(JSON.parse(text).packages);
    }),
  );
  const found = new Map(there);
  return (wanted ?? []).every(([path, { integrity, link, optional }]) => {
    if (!path.startsWith("node_modules/") || link === true) return true;
    const entry = found.get(path);
    return entry === undefined ? optional === true : entry.integrity === integrity;
  });
}

/**
 * Installs the Node packages of the lockfile, unless the last installation was of the same ones.
 * @returns {Promise<boolean>} whether they are there now
 */
export async function installIfNeeded() {
  const wanted = await wantedStamp();
  const found = await readFile(stampPath, "utf8").catch(() => "");
  if (found === wanted) {
    say("The Node packages are installed already.");
    return true;
  }
  if (found === "" && (await isInstalledByHand())) {
    await writeFile(stampPath, wanted);
    say("The Node packages have been installed by npm already.");
    return true;
  }
  say("Installing the Node packages of package-lock.json (npm ci --ignore-scripts).");
  const startMs = performance.now();
  const { code } = await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  if (code !== 0) {
    say(`npm ci failed with code ${code}; its reason is above.`);
    return false;
  }
  await writeFile(stampPath, wanted);
  say(`Installed in ${secondsSince(startMs)}.`);
  return true;
}

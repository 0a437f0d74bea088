import { open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Circumstances, Witness } from "../life.js";

/** Where Linux names the boot it runs in; it changes with every start of the machine. */
const bootIdFile = "/proc/sys/kernel/random/boot_id";
const witnessName = "witness.json";

/** Looks at a folder's store from outside. */
export async function circumstancesOf(folder: string, path: string): Promise<Circumstances> {
  const bootId = await readFile(bootIdFile, "utf8").catch(() => undefined);
  const { ino, birthtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return {
    bootId: bootId?.trim(),
    // A copy differs in one of the two, also where the inode is used again.
    fileId: `${ino}.${birthtimeNs}`,
    // Where a file system knows no time of birth, Node gives that of the last change, which moves.
    isFileIdLasting: birthtimeNs !== 0n && birthtimeNs !== ctimeNs,
    witness: await readWitness(folder),
  };
}

/** Writes the witness so that it is whole or not there, and on the disk. */
export async function writeWitness(folder: string, witness: Witness): Promise<void> {
  const path = join(folder, witnessName);
  const next = `${path}.next`;
  await writeFile(next, JSON.stringify(witness), { flush: true });
  await rename(next, path);
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function readWitness(folder: string): Promise<Witness | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, witnessName), "utf8"));
  } catch {
    // Missing or cut off: it testifies to nothing.
    return undefined;
  }
}

import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineFault } from "@holdfast/probe/node";
import { fallBehind, type Pause } from "./falling_behind.js";

/** What can be done to a file store of the run's own; its gateway's faults are the others. */
export const fileFaults = ["wipe", "restore"] as const;

/** The fleet of one whose gateway has the store. */
export interface Owner {
  /** Names of the gateways that serve now. */
  readonly up: readonly string[];
  kill(name: string): Promise<void>;
  restart(name: string): Promise<void>;
}

const restartAfterMs = 500;
/** Longest wait for a gateway that is harmed otherwise: a frozen one comes back within seconds. */
const upTries = 100;
const upTryMs = 200;
/** A store that is written to changes this often; `fallBehind` waits for so many of them. */
const changeMs = 25;

/** A file store, and what is done to it while its one gateway is down: it is in nobody's hands then. */
export class FileStore {
  readonly folder: string;
  readonly #file: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#file = join(folder, "store.mdb");
  }

  /** A place for a store: it outlives the gateway that has it, and goes with the run. */
  static async make(): Promise<FileStore> {
    return new FileStore(await mkdtemp(join(tmpdir(), "holdfast-verify-")));
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The faults as they are carried out on the gateway of a fleet of one. */
  faults(names: readonly (typeof fileFaults)[number][], owner: Owner): readonly EngineFault[] {
    const carryOut = {
      wipe: (pause: Pause) => this.#wipe(owner, pause),
      restore: (pause: Pause) => this.#restore(owner, pause),
    };
    return names.map((name) => ({ name, carryOut: carryOut[name] }));
  }

  /** Loses everything. */
  async #wipe(owner: Owner, pause: Pause): Promise<void> {
    await whileDown(owner, pause, async () => {
      await rm(this.folder, { recursive: true });
    });
  }

  /** Puts an older copy of the store in its place: what was acknowledged since is lost. */
  async #restore(owner: Owner, pause: Pause): Promise<void> {
    const copy = `${this.#file}.copy`;
    const isCopied = await whileDown(owner, pause, () => copyFile(this.#file, copy));
    if (!isCopied) return;
    await fallBehind(() => this.#changes(), pause);
    await whileDown(owner, pause, async () => {
      // Not renamed: an older copy is another file, whichever way it comes here.
      await rm(this.#file);
      await copyFile(copy, this.#file);
    });
    await rm(copy);
  }

  /** Rises while it is written to. */
  async #changes(): Promise<number> {
    const { mtimeMs } = await stat(this.#file);
    return Math.floor(mtimeMs / changeMs);
  }
}

/** Kills the gateway, works on its store and starts it again; false: it was not up, and nothing is done. */
async function whileDown(owner: Owner, pause: Pause, work: () => Promise<void>): Promise<boolean> {
  const name = await nextUp(owner, pause);
  if (name === undefined) return false;
  await owner.kill(name);
  await work();
  await pause(restartAfterMs);
  await owner.restart(name);
  return true;
}

async function nextUp(owner: Owner, pause: Pause): Promise<string | undefined> {
  for (let tries = 0; tries < upTries; tries += 1) {
    const [name] = owner.up;
    if (name !== undefined) return name;
    await pause(upTryMs);
  }
  return undefined;
}

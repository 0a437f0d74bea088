import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { Heard } from "../../testing/bench.js";
import { createFileBroker, createFileBrokerOver } from "../node/open.js";
import { openStoreFile } from "../node/store-file.js";
import { judgeAfterCrash } from "./crash-judge.js";
import { crashLoad } from "./crash-load.js";
import { type Death, MortalStore } from "./mortal-store.js";

/** The first commit notes whose the store is; there is nothing to lose before the second. */
const firstDeath = 2;
/** More commits than the load takes however it is shared out among them. */
const maxCommits = 100;

/**
 * Ends a process at each commit of a load in turn, once before the commit is kept and once after,
 * and judges what is found on the disk. Throws with what the engine got wrong; resolves to how often
 * it died.
 */
export async function crashAtEveryCommit(): Promise<number> {
  let deaths = 0;
  for (const isKept of [false, true]) {
    for (let atCommit = firstDeath; await crashAt({ atCommit, isKept }); atCommit += 1) {
      deaths += 1;
      if (atCommit > maxCommits) throw new Error("the load does not end");
    }
  }
  return deaths;
}

/** Whether the process ended before its load did. */
async function crashAt(death: Death): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-crash-"));
  const clock = new VirtualClock();
  try {
    const opened: MortalStore[] = [];
    const mortal = await createFileBrokerOver(
      async (path, sync) => {
        const store = new MortalStore(await openStoreFile(path, sync), death);
        opened.push(store);
        return store;
      },
      { folder, clock, random: new SeededRandom(1) },
    );
    const heard = new Heard();
    const link = mortal.connect("first", heard);
    for (const channel of ["load:0", "load:1"]) await link.follow(channel, { presence: false });
    const testimony = await crashLoad(link);
    await mortal.abandon();
    const broker = await createFileBroker({ folder, clock, random: new SeededRandom(2) });
    try {
      const after = new Heard();
      const station = { link: broker.connect("second", after), heard: after };
      await judgeAfterCrash(station, testimony, heard);
    } finally {
      await broker.close();
    }
    return opened.some((store) => store.isDead);
  } finally {
    await rm(folder, { recursive: true });
  }
}

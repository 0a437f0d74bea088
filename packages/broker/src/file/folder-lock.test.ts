import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../engines.js";
import { createFileBroker } from "./mod.js";
import { FolderLock } from "./node/folder-lock.js";

const entry = fileURLToPath(
  new URL("../../dist/file/testing/publisher-process.js", import.meta.url),
);
let folder = "";
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-lock-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

/** A process of its own that holds the folder. */
async function holder(): Promise<ChildProcess> {
  const child = fork(entry, [folder, "hold"], { stdio: "inherit", execArgv: [] });
  children.push(child);
  expect((await once(child, "message"))[0]).toEqual({ type: "open" });
  return child;
}

const open = () =>
  createFileBroker({ folder, clock: new VirtualClock(), random: new SeededRandom(1) });

describe("the lock of a folder", () => {
  test("keeps a second broker out, also of the same process, and says who holds it", async () => {
    const first = await open();
    const refused = open();
    await expect(refused).rejects.toThrow(EngineError);
    await expect(refused).rejects.toThrow(`${folder} is in use by process ${process.pid} on `);
    await expect(refused).rejects.toThrow("choose another folder");
    await first.close();
    await (await open()).close();
  });

  test("holds while its process is stopped, and goes with it when it is killed", async () => {
    const child = await holder();
    child.kill("SIGSTOP");
    await expect(FolderLock.take(folder)).rejects.toThrow(`process ${child.pid}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    const lock = await FolderLock.take(folder);
    await lock.release();
  });

  test("of many that take a dead one's place at once exactly one gets it", async () => {
    const child = await holder();
    child.kill("SIGKILL");
    await once(child, "exit");
    const takes = await Promise.allSettled(
      Array.from({ length: 8 }, () => FolderLock.take(folder)),
    );
    const taken = takes.flatMap((take) => (take.status === "fulfilled" ? [take.value] : []));
    expect(taken).toHaveLength(1);
    for (const take of takes)
      if (take.status === "rejected") expect(take.reason).toBeInstanceOf(EngineError);
    await taken[0]?.release();
  });

  test("leaves nothing behind when it is released", async () => {
    const lock = await FolderLock.take(folder);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test("says so when the folder's path is too long for it", async () => {
    await expect(FolderLock.take(`/${"x".repeat(120)}`)).rejects.toThrow("too long a path");
  });
});

import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FileStore, type fileFaults } from "./file_store.js";

/** A store, and a gateway that reads it when it begins and goes on writing to it while it is up. */
async function setUp() {
  const store = await FileStore.make();
  const file = join(store.folder, "store.mdb");
  const found: string[] = [];
  const owner = {
    up: ["gateway-1"],
    async kill() {
      owner.up = [];
    },
    async restart(name: string) {
      found.push(await readFile(file, "utf8").catch(() => "nothing"));
      owner.up = [name];
    },
  };
  let writes = 0;
  const write = async (text: string) => {
    await writeFile(file, text);
    await utimes(file, writes, writes);
    writes += 1;
  };
  const pause = () => (owner.up.length === 0 ? Promise.resolve() : write("newer"));
  const carryOut = async (name: (typeof fileFaults)[number]) => {
    await store.faults([name], owner)[0]?.carryOut(pause);
  };
  await write("older");
  return { store, owner, found, carryOut };
}

test("`restore` puts an older copy of the store in its place", async () => {
  const { store, found, carryOut } = await setUp();
  await carryOut("restore");
  expect(found).toEqual(["older", "older"]);
  expect(await readdir(store.folder)).toEqual(["store.mdb"]);
  await store.dispose();
});

test("`wipe` leaves nothing of the store", async () => {
  const { store, found, carryOut } = await setUp();
  await carryOut("wipe");
  expect(found).toEqual(["nothing"]);
  await store.dispose();
});

test("a gateway that does not come up again is left alone, and so is its store", async () => {
  const { store, owner, found, carryOut } = await setUp();
  owner.up = [];
  await carryOut("restore");
  await carryOut("wipe");
  expect(found).toEqual([]);
  expect(await readFile(join(store.folder, "store.mdb"), "utf8")).toBe("older");
  await store.dispose();
});

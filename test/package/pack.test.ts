import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { command, type Running, root, start } from "./commands.js";

// What a user gets from the registry: the packed packages, installed into an empty folder.

let folder: string;
let app: string;
let tarballs: string[];
let running: Running | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-pack-"));
  const packed = join(folder, "packed");
  app = join(folder, "app");
  await mkdir(packed);
  await mkdir(app);
  const names = await readdir(join(root, "packages"));
  await command(
    "npm",
    [
      "pack",
      "--ignore-scripts",
      "--pack-destination",
      packed,
      ...names.map((name) => `./packages/${name}`),
    ],
    root,
  );
  tarballs = (await readdir(packed)).map((name) => join(packed, name));
  await writeFile(
    join(app, "package.json"),
    '{ "name": "app", "private": true, "type": "module" }\n',
  );
  const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await command("npm", ["install", ...flags, ...tarballs], app);
}, 180_000);

afterAll(async () => {
  if (running?.child.exitCode === null) await running.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

test("every package has been packed", async () => {
  expect(tarballs).toHaveLength((await readdir(join(root, "packages"))).length);
});

test("no test and no build record is published", async () => {
  for (const tarball of tarballs) {
    const list = await command("tar", ["-tzf", tarball], folder);
    expect(list).toContain("package/dist/mod.js");
    expect(list).not.toMatch(/\.test\.|tsbuildinfo/);
  }
});

test("every package says what it is and under which licence", async () => {
  for (const tarball of tarballs) {
    const list = (await command("tar", ["-tzf", tarball], folder)).split("\n");
    expect([tarball, list]).toEqual([
      tarball,
      expect.arrayContaining(["package/README.md", "package/LICENSE"]),
    ]);
  }
});

test("every door of every package opens for plain Node", async () => {
  for (const name of await readdir(join(root, "packages"))) {
    const manifest = JSON.parse(
      await readFile(join(root, "packages", name, "package.json"), "utf8"),
    );
    for (const door of Object.keys(manifest.exports)) {
      const target = manifest.exports[door];
      // A testing door stands on vitest, which an application does not have; data is not a module.
      if (door.endsWith("/testing") || typeof target === "string") continue;
      const specifier = door === "." ? manifest.name : `${manifest.name}/${door.slice(2)}`;
      await command(
        process.execPath,
        ["-e", `await import("${specifier}")`, "--input-type=module"],
        app,
      );
    }
  }
});

test("npx holdfast --help speaks of its commands", async () => {
  const help = await command("npx", ["--no-install", "holdfast", "--help"], app);
  for (const name of ["serve", "publish", "subscribe", "token", "config"])
    expect(help).toContain(name);
});

test("npx holdfast serve --dev shows the chat, and publishes to it", async () => {
  const holdfast = join(app, "node_modules/.bin/holdfast");
  running = start(holdfast, ["serve", "--dev", "--port", "0"], app);
  const [, url = ""] = await running.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
  const page = await (await fetch(`${url}/`)).text();
  expect(page).toContain("<title>Holdfast chat</title>");
  for (const [, path] of page.matchAll(/(?:href|src)="([\w./-]+)"/g)) {
    expect([path, (await fetch(`${url}/${path}`)).status]).toEqual([path, 200]);
  }
  expect((await fetch(`${url}/client.js`)).status).toBe(200);
  const published = await command(holdfast, ["publish", "chat:lobby", "hi", "--url", url], app);
  expect(JSON.parse(published)).toMatchObject({ offset: 1 });
  expect(await running.stop("SIGTERM")).toBe(0);
});

test("npx holdfast serve prints its URL, answers, and stops on SIGTERM", async () => {
  running = start(join(app, "node_modules/.bin/holdfast"), ["serve", "--port", "0"], app);
  const [, url] = await running.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
  const response = await fetch(`${url}/health/live`);
  expect(response.status).toBe(200);
  expect(await running.stop("SIGTERM")).toBe(0);
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
});

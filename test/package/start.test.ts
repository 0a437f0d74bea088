import { readdir, readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Running, root, start } from "./commands.js";

const entry = join(root, "tools", "start.mjs");

let running: Running | undefined;
afterEach(async () => {
  if (running?.child.exitCode === null) await running.stop("SIGKILL");
});

test("npm start serves the demo in the foreground until it is told to stop", async () => {
  running = start(process.execPath, [entry, "--port", "0"], root);
  const [, url] = await running.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
  const page = await fetch(`${url}/`);
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toContain("text/html");
  const client = await fetch(`${url}/client.js`);
  expect(client.headers.get("content-type")).toContain("javascript");
  expect(await running.stop("SIGINT")).toBe(0);
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
});

/** When each file was last written that an installation or a build would write. */
async function written(): Promise<ReadonlyMap<string, number>> {
  const folders = (await readdir(join(root, "packages"))).map((name) => `packages/${name}/dist`);
  const found = new Map<string, number>();
  for (const folder of [...folders, "sim/dist", "packages/client/dist/browser"]) {
    for (const name of await readdir(join(root, folder))) {
      found.set(`${folder}/${name}`, (await stat(join(root, folder, name))).mtimeMs);
    }
  }
  const stamp = "node_modules/.holdfast-stamp";
  return found.set(stamp, (await stat(join(root, stamp))).mtimeMs);
}

const answers = (url: string) => fetch(`${url}/health/live`).then(String, () => "ended");

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
  "%s for npm alone ends the gateway it has started",
  async (signal) => {
    running = start("npm", ["start", "--", "--port", "0"], root);
    const [, url = ""] = await running.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
    expect(await answers(url)).not.toBe("ended");
    running.child.kill(signal);
    await expect.poll(() => answers(url), { timeout: 15_000 }).toBe("ended");
    await running.ended;
  },
);

test("a gateway whose npm start was killed does not keep the port", async () => {
  running = start(process.execPath, [entry, "--port", "0"], root);
  const [, url = ""] = await running.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
  running.child.kill("SIGKILL");
  await expect.poll(() => answers(url), { timeout: 15_000 }).toBe("ended");
});

test("npm start says that its gateway was killed, and ends with it", async () => {
  running = start(process.execPath, [entry, "--port", "0"], root);
  const [, url] = await running.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
  const { pid } = running.child;
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ");
  process.kill(Number(child), "SIGKILL");
  const { code, output } = await running.ended;
  expect(code).toBe(137);
  expect(output).toContain("The gateway was killed from outside.");
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
});

test("a second npm start installs nothing, builds nothing, and says so", async () => {
  running = start(process.execPath, [entry, "--port", "0"], root);
  await running.printed(/Chat demo/);
  expect(await running.stop("SIGTERM")).toBe(0);
  const before = await written();
  expect(before.size).toBeGreaterThan(50);

  running = start(process.execPath, [entry, "--port", "0"], root);
  await running.printed(/Chat demo/);
  expect(await running.stop("SIGTERM")).toBe(0);
  const { output } = await running.ended;
  expect(output).toContain("The Node packages are installed already.");
  expect(output).toContain("Everything is built already.");
  expect(output).not.toMatch(/Installing|Compiling|Built in|[Bb]undled/);
  expect(await written()).toEqual(before);
});

test("npm start explains a taken port and fails", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  try {
    running = start(process.execPath, [entry, "--port", String(port)], root);
    const { code, output } = await running.ended;
    expect(code).not.toBe(0);
    expect(output).toContain(String(port));
    expect(output).toMatch(/already|in use|taken/);
    expect(output).not.toMatch(/^\s+at .*\.js:\d+/m);
  } finally {
    await new Promise((resolve) => taken.close(resolve));
  }
});

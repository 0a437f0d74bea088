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

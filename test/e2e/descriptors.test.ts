import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Running, root, start } from "../package/commands.js";
import { JsonClient } from "./kit/json-client.js";

const LIMIT = 500;
const cli = join(root, "packages", "holdfast", "dist", "cli.js");

let running: Running | undefined;
const clients: JsonClient[] = [];
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  if (running?.child.exitCode === null) await running.stop("SIGKILL");
});

async function tryToOpen(url: string): Promise<boolean> {
  const client = new JsonClient(url);
  await new Promise<void>((resolve) => {
    client.socket.once("open", () => resolve());
    client.socket.once("close", () => resolve());
  });
  if (client.socket.readyState !== WebSocket.OPEN) return false;
  clients.push(client);
  return true;
}

it("abuse 33: out of file descriptors, open connections go on, and new ones are taken once some are free", async () => {
  const command = `ulimit -n ${LIMIT}; exec "$0" "$@"`;
  const serve = [process.execPath, cli, "serve", "--port", "0", "--dev"];
  running = start("/bin/sh", ["-c", command, ...serve], tmpdir());
  const [url] = await running.printed(/ws:\/\/\S+/);
  let refused = 0;
  while (refused === 0 && clients.length < LIMIT) {
    const batch = await Promise.all(Array.from({ length: 40 }, () => tryToOpen(url)));
    refused = batch.filter((opened) => !opened).length;
  }
  expect(refused).toBeGreaterThan(0);
  for (const client of clients) client.send({ type: "ping" });
  await Promise.all(clients.map((client) => client.next("pong")));
  for (const { socket } of clients.splice(0, 20)) socket.terminate();
  await expect.poll(() => tryToOpen(url), { timeout: 10_000 }).toBe(true);
  expect(running.child.exitCode).toBe(null);
}, 60_000);

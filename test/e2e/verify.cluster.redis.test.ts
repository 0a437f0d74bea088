import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerifyReport } from "@holdfast/probe";
import { afterAll, expect, test, vi } from "vitest";
import { root, runs, start } from "../package/commands.js";

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-redis-cluster-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (...args: string[]) =>
  start(process.execPath, [cli, "verify", "--spawn", "3", ...args], folder);

async function proof(broker: string, engineFaults: string): Promise<VerifyReport> {
  const size = ["--connections", "60", "--rate", "40", "--duration", "35s"];
  const harm = ["--faults", "engine", "--engine-faults", engineFaults];
  const args = ["--broker", broker, ...size, ...harm, "--report", "report.json"];
  const { code, output } = await command(...args).ended;
  expect(output).toContain("Kept: no violation");
  expect(code).toBe(0);
  return JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
}

test("three gateways over a Redis cluster keep every promise while a replica that is behind becomes a master", async () => {
  const report = await proof("redis+cluster:", "failover,move");
  expect(report.faults["engine failover"]).toBeGreaterThan(0);
  // It proves something only if somebody had seen more than the new master has.
  expect(report.lost.acknowledged).toBeGreaterThan(0);
  expect(report.lost.subscriptionsAhead).toBeGreaterThan(0);
  expect(report.resets).toBeGreaterThan(0);
}, 300_000);

test("they keep them over a Redis whose sentinels make another server the master", async () => {
  const report = await proof("redis+sentinel:", "kill,stop");
  expect(report.faults["engine kill"]).toBeGreaterThan(0);
  expect(report.faults["engine stop"]).toBeGreaterThan(0);
}, 300_000);

test("a proof over a cluster that is killed leaves no server behind", async () => {
  const running = command("--broker", "redis+cluster:", "--connections", "20");
  const [, list = ""] = await running.printed(/Process ids: ([\d ]+) \(/);
  const pids = list.split(" ").map(Number);
  expect(pids).toHaveLength(9);
  await running.stop("SIGKILL");
  await vi.waitFor(() => expect(pids.filter(runs)).toEqual([]), { timeout: 15_000 });
}, 120_000);

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerifyReport } from "@holdfast/probe";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { type Running, root, runs, start } from "../package/commands.js";

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-"));

let running: Running | undefined;
afterEach(async () => {
  if (running?.child.exitCode === null && running.child.signalCode === null) {
    await running.stop("SIGKILL");
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function spawnThree(...args: string[]): Promise<{ command: Running; pids: number[] }> {
  const command = start(process.execPath, [cli, "verify", "--spawn", "3", ...args], folder);
  running = command;
  const [, list = ""] = await command.printed(/Process ids: ([\d ]+) \(/);
  const pids = list.split(" ").map(Number);
  expect(pids).toHaveLength(4);
  expect(pids.filter(runs)).toEqual(pids);
  return { command, pids };
}

const gone = (pids: number[]) =>
  vi.waitFor(() => expect(pids.filter(runs)).toEqual([]), { timeout: 15_000 });

test("three gateways that are killed, frozen, drained and cut for a minute keep every promise", async () => {
  const { command, pids } = await spawnThree("--duration", "60s", "--report", "report.json");
  const { code, output } = await command.ended;
  expect(output).toContain("Kept: no violation");
  expect(code).toBe(0);
  const report: VerifyReport = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  expect(report.connections).toBeGreaterThanOrEqual(300);
  expect(report.faults.kill).toBeGreaterThanOrEqual(10);
  for (const kind of ["stop", "drain", "cut", "stall", "half-open", "slow"]) {
    expect(report.faults[kind], kind).toBeGreaterThan(0);
  }
  expect(report.violations).toEqual([]);
  expect(report.resumed).toBeGreaterThanOrEqual(500);
  expect(report.resets).toBe(0);
  expect(report.publishes.acknowledgedShare).toBeGreaterThanOrEqual(0.99);
  expect(report.presenceJudged).toBe(true);
  expect(report.caughtUpMs).not.toBeNull();
  await gone(pids);
}, 240_000);

test("an interrupted proof leaves no process behind", async () => {
  const { command, pids } = await spawnThree("--connections", "20");
  await command.printed(/running: /);
  expect(await command.stop("SIGINT")).toBe(130);
  await gone(pids);
}, 90_000);

test("a proof that is killed leaves no process behind, not even a frozen one", async () => {
  const { command, pids } = await spawnThree("--connections", "20");
  process.kill(pids[1]!, "SIGSTOP");
  await command.stop("SIGKILL");
  await gone(pids);
}, 90_000);

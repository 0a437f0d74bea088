import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { natsVersion } from "@holdfast/nats/local";
import type { VerifyReport } from "@holdfast/probe";
import { afterAll, expect, test, vi } from "vitest";
import { root, runs, start } from "../package/commands.js";

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-nats-cluster-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `npm test` provides a newer one than the system's, where it can. */
const server = process.env.HOLDFAST_NATS_CLUSTER_SERVER ?? process.env.HOLDFAST_NATS_SERVER;
const [major = 0, minor = 0] = await natsVersion(server);
/** Clusters of 2.9 lose what they have acknowledged when their servers fall away. */
const isSound = major > 2 || minor >= 10;

const command = (...args: string[]) =>
  start(
    process.execPath,
    [cli, "verify", "--spawn", "3", "--broker", "nats+cluster:", ...args],
    folder,
    server === undefined ? {} : { HOLDFAST_NATS_SERVER: server },
  );

async function proof(...args: string[]): Promise<VerifyReport> {
  const { code, output } = await command(...args, "--report", "report.json").ended;
  expect(output).toContain("Kept: no violation");
  expect(code).toBe(0);
  return JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
}

async function refused(...args: string[]): Promise<void> {
  const { code, output } = await command(...args).ended;
  expect(output).toContain("nats+cluster: needs a nats-server of version 2.10 or later");
  expect(code).toBe(2);
}

test("three gateways over three NATS servers keep every promise while one is killed and loses its data, and two are frozen; old servers are refused", async () => {
  const size = ["--connections", "40", "--rate", "30", "--duration", "30s"];
  const harm = ["--faults", "engine", "--engine-faults", "kill,majority,empty"];
  if (!isSound) return await refused(...size, ...harm);
  const report = await proof(...size, ...harm);
  expect(report.faults["engine kill"]).toBeGreaterThan(0);
  expect(report.lost.acknowledged).toBe(0);
  expect(report.resets).toBe(0);
}, 300_000);

test("a proof over them that is killed leaves no server behind", async () => {
  if (!isSound) return await refused("--connections", "20");
  const running = command("--connections", "20");
  const [, list = ""] = await running.printed(/Process ids: ([\d ]+) \(/);
  const pids = list.split(" ").map(Number);
  expect(pids).toHaveLength(6);
  await running.stop("SIGKILL");
  await vi.waitFor(() => expect(pids.filter(runs)).toEqual([]), { timeout: 15_000 });
}, 120_000);

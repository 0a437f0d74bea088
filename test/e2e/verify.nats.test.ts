import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerifyReport } from "@holdfast/probe";
import { afterAll, expect, test } from "vitest";
import { root, start } from "../package/commands.js";

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-nats-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function proof(engineFaults: string, duration: string): Promise<VerifyReport> {
  const size = ["--connections", "60", "--rate", "40", "--duration", duration];
  const engine = ["--broker", "nats:", "--engine-faults", engineFaults];
  const args = ["verify", "--spawn", "3", ...size, ...engine, "--report", "report.json"];
  const { code, output } = await start(process.execPath, [cli, ...args], folder).ended;
  expect(output).toContain("Kept: no violation");
  expect(code).toBe(0);
  return JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
}

test("three gateways over a NATS server that is killed, frozen and cut off keep every promise, and nobody is reset", async () => {
  const report = await proof("kill,stop", "30s");
  expect(report.faults["engine kill"]).toBeGreaterThan(0);
  expect(report.faults["engine stop"]).toBeGreaterThan(0);
  expect(report.resets).toBe(0);
}, 300_000);

test("they keep them over a NATS server that loses everything in a wipe", async () => {
  const report = await proof("wipe", "20s");
  expect(report.faults["engine wipe"]).toBeGreaterThan(0);
  expect(report.resets).toBeGreaterThan(0);
}, 300_000);

test("they keep them over a NATS server whose disk is set back to an older copy, and a position that is ahead of it is reset", async () => {
  const report = await proof("restore", "30s");
  expect(report.faults["engine restore"]).toBeGreaterThan(0);
  expect(report.lost.acknowledged).toBeGreaterThan(0);
  expect(report.lost.subscriptionsAhead).toBeGreaterThan(0);
  expect(report.resets).toBeGreaterThanOrEqual(report.lost.subscriptionsAhead);
}, 300_000);

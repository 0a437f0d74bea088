import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerifyReport } from "@holdfast/probe";
import { afterAll, expect, test } from "vitest";
import { root, start } from "../package/commands.js";

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a gateway over a file store that is killed, frozen and drained keeps every promise, and nobody is reset", async () => {
  const size = ["--connections", "120", "--rate", "80", "--duration", "25s"];
  const args = ["verify", "--spawn", "1", ...size, "--broker", "file:", "--report", "report.json"];
  const { code, output } = await start(process.execPath, [cli, ...args], folder).ended;
  expect(output).toContain("Kept: no violation");
  expect(code).toBe(0);
  const report: VerifyReport = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  expect(report.faults.kill).toBeGreaterThan(0);
  expect(report.resets).toBe(0);
}, 180_000);

test("two gateways are not given one file store", async () => {
  const args = ["verify", "--spawn", "2", "--broker", "file:"];
  const { code, output } = await start(process.execPath, [cli, ...args], folder).ended;
  expect(output).toContain("One process owns a file store");
  expect(code).not.toBe(0);
});

import { expect, it, vi } from "vitest";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { main } from "../main.js";
import { installation } from "./installation.js";

it("says by which way publications reach sockets, and why not by the native one", () => {
  const send = () => 0;
  expect(installation({ send }).join()).toContain("fan-out  native");
  const without = installation({ reason: "no such file" }).join();
  expect(without).toContain("fan-out  JavaScript");
  expect(without).toContain("no such file");
});

it("holdfast doctor says what serve would use here, and starts nothing", async () => {
  vi.stubEnv("HOLDFAST_FANOUT", "javascript");
  const terminal = new RecordingTerminal({});
  expect(await main(["doctor"], terminal)).toBe(0);
  expect(terminal.printed.join("\n")).toContain("switched off by HOLDFAST_FANOUT=javascript");
  vi.unstubAllEnvs();
});

it("what only looks at a configuration does not go without it", async () => {
  const terminal = new RecordingTerminal({});
  expect(await main(["doctor", "--port", "9000"], terminal)).toBe(2);
  expect(terminal.noted.join("\n")).toContain("--port goes with --security");
});

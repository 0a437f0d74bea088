import { expect, it } from "vitest";
import { UsageError } from "../config/usage-error.js";
import { hasReusePort, workerCount } from "./plan.js";

const shared = { broker: "redis://127.0.0.1", workerPort: 0, tlsSelfSigned: false };

it("takes a number or one for each processor", () => {
  expect(workerCount({ ...shared, workers: "1" }, 8)).toBe(1);
  expect(workerCount({ ...shared, workers: "3" }, 8)).toBe(3);
  expect(workerCount({ ...shared, workers: "auto" }, 8)).toBe(8);
});

it("refuses what is no number of processes", () => {
  for (const workers of ["0", "-1", "1.5", "many", "", "1000"]) {
    expect(() => workerCount({ ...shared, workers }, 8)).toThrow(UsageError);
  }
});

it("refuses an engine that each process would have for itself, and says the way out", () => {
  for (const broker of ["memory:", "file:./data", "redis://one file:./two"]) {
    expect(() => workerCount({ ...shared, broker, workers: "2" }, 8)).toThrow(
      /needs an engine that processes can share.*such as --broker .*redis:\/\/…/,
    );
  }
});

it("lets one process, and auto on one processor, have any engine", () => {
  expect(workerCount({ ...shared, broker: "memory:", workers: "1" }, 8)).toBe(1);
  expect(workerCount({ ...shared, broker: "memory:", workers: "auto" }, 1)).toBe(1);
});

it("refuses a certificate of its own for each, and ports that do not exist", () => {
  expect(() => workerCount({ ...shared, workers: "2", tlsSelfSigned: true }, 8)).toThrow(
    /tlsCertFile/,
  );
  expect(() => workerCount({ ...shared, workers: "4", workerPort: 65_533 }, 8)).toThrow(/65535/);
  expect(workerCount({ ...shared, workers: "3", workerPort: 65_533 }, 8)).toBe(3);
});

it("knows where processes can listen on one port by themselves", () => {
  expect(hasReusePort("20.20.2", "linux")).toBe(false);
  expect(hasReusePort("22.11.0", "linux")).toBe(false);
  expect(hasReusePort("22.12.0", "linux")).toBe(true);
  expect(hasReusePort("24.1.0", "linux")).toBe(true);
  expect(hasReusePort("24.1.0", "darwin")).toBe(false);
});

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

/**
 * Processor time a process has used, all its threads, user and system, in seconds. By the scheduler's own
 * count in nanoseconds: `stat` counts ticks of 10 ms, too coarse where the process gets a small share of a
 * busy machine.
 * @param {number} pid
 */
export function cpuSeconds(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [used] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    nanoseconds += Number(used);
  }
  return nanoseconds / 1e9;
}

/**
 * Resident memory of a process now and at its peak, in bytes.
 * @param {number} pid
 */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytesOf = (/** @type {string} */ name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
  return { residentBytes: bytesOf("VmRSS"), peakBytes: bytesOf("VmHWM") };
}

/** Lets the peak begin anew at what is resident now. @param {number} pid */
export function forgetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** Ticks of a second in /proc/stat (USER_HZ, the same on every Linux). */
const ticksPerSecond = 100;

/** Share of the machine's time that other guests of its host took, since it was started. */
export function stolenSeconds() {
  const [, ...times] = (readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "").split(/\s+/);
  return Number(times[7] ?? 0) / ticksPerSecond;
}

/** The commit that is measured; with a `+` when files were changed. */
export function commit() {
  const git = (/** @type {string[]} */ ...args) =>
    spawnSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).stdout?.trim() ?? "";
  const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+";
  return `${git("rev-parse", "--short", "HEAD")}${changed}`;
}

/** What a result was measured on. */
export function machine() {
  const [first] = cpus();
  return {
    processor: first?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(),
    node: process.versions.node,
  };
}

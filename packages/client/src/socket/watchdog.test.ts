import { VirtualClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Watchdog } from "./watchdog.js";

const limitMs = 35_000;
const probeTimeoutMs = 5000;

/** A watchdog in a process that may be stopped: its timers are then late by as much. */
function watch(limit = limitMs) {
  const timers = new VirtualClock();
  let stoppedMs = 0;
  const clock = {
    wallMs: () => timers.wallMs() + stoppedMs,
    monoMs: () => timers.monoMs() + stoppedMs,
    after: (delayMs: number, callback: () => void) => timers.after(delayMs, callback),
    soon: (callback: () => void) => timers.soon(callback),
  };
  const seen: string[] = [];
  const dog = new Watchdog(
    { clock, probeTimeoutMs },
    limit,
    () => seen.push(`ask@${timers.monoMs()}`),
    () => seen.push(`silent@${timers.monoMs()}`),
  );
  const stopFor = (ms: number) => {
    stoppedMs += ms;
  };
  return { timers, dog, seen, stopFor };
}

describe("a watchdog", () => {
  it("calls a gateway silent that sent nothing within the limit, counted from the last message", () => {
    const { timers, dog, seen } = watch();
    timers.advance(30_000);
    dog.heard();
    timers.advance(limitMs - 1);
    expect(seen).toEqual([]);
    timers.advance(1);
    expect(seen).toEqual([`silent@${30_000 + limitMs}`]);
  });

  it("asks first where the process was stopped, and takes silence for an answer after that", () => {
    const { timers, seen, stopFor } = watch();
    stopFor(600_000);
    timers.advance(limitMs);
    expect(seen).toEqual([`ask@${limitMs}`]);
    timers.advance(probeTimeoutMs);
    expect(seen).toEqual([`ask@${limitMs}`, `silent@${limitMs + probeTimeoutMs}`]);
  });

  it("watches on as before once the question is answered", () => {
    const { timers, dog, seen, stopFor } = watch();
    stopFor(600_000);
    timers.advance(limitMs);
    dog.heard();
    dog.answered();
    timers.advance(limitMs - 1);
    expect(seen).toEqual([`ask@${limitMs}`]);
    timers.advance(1);
    expect(seen).toEqual([`ask@${limitMs}`, `silent@${2 * limitMs}`]);
  });

  it("gives up where even its question's timer is late, as in a page in the background", () => {
    const { timers, dog, seen, stopFor } = watch();
    dog.check();
    stopFor(55_000);
    timers.advance(probeTimeoutMs);
    expect(seen).toEqual(["ask@0", `silent@${probeTimeoutMs}`]);
  });

  it("only answers for its questions where the gateway sends no pings", () => {
    const { timers, dog, seen } = watch(0);
    timers.advance(3_600_000);
    expect(timers.pendingTimers).toBe(0);
    dog.check();
    dog.answered();
    timers.advance(3_600_000);
    dog.check();
    timers.advance(probeTimeoutMs);
    expect(seen).toEqual(["ask@3600000", "ask@7200000", `silent@${7_200_000 + probeTimeoutMs}`]);
  });

  it("leaves no timer when it is stopped", () => {
    const { timers, dog } = watch();
    dog.check();
    dog.stop();
    expect(timers.pendingTimers).toBe(0);
  });
});

import { VirtualClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { createPinoLogger, type LogLevel } from "./logger.js";

function capture(level: LogLevel) {
  const lines: string[] = [];
  const clock = new VirtualClock();
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createPinoLogger({ level, clock, destination });
  return { logger, clock, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe("the log", () => {
  it("has one JSON line per event, with level and fields", () => {
    const { logger, parsed } = capture("info");
    logger.info("listening", { port: 8000 });
    logger.debug("not shown");
    expect(parsed()).toEqual([
      expect.objectContaining({ level: "info", msg: "listening", port: 8000 }),
    ]);
  });

  it("says which of several processes wrote a line", () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const clock = new VirtualClock();
    createPinoLogger({ level: "info", clock, worker: "2", destination }).info("listening");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ worker: "2", msg: "listening" });
  });

  it("writes the first warning of a cause and counts the ones that follow at once", () => {
    const { logger, clock, parsed } = capture("info");
    for (let i = 0; i < 5; i++) logger.warn("refused", { i });
    logger.warn("another cause");
    expect(parsed().map((line) => line.msg)).toEqual(["refused", "another cause"]);
    clock.advance(10_000);
    logger.warn("refused", { i: 9 });
    expect(parsed().at(-1)).toMatchObject({ msg: "refused", i: 9, suppressed: 4 });
  });

  it("never writes a secret", () => {
    const { logger, parsed } = capture("debug");
    logger.error("oops", { token: "s3cret", authorization: "s3cret", apiKey: "s3cret" });
    logger.error("oops", { headers: { cookie: "s3cret", authorization: "s3cret" } as never });
    expect(JSON.stringify(parsed())).not.toContain("s3cret");
  });
});

import { expect, it } from "vitest";
import { recordingLogger } from "./recording-logger.js";
import { recordingMeter } from "./recording-meter.js";

it("a recording logger keeps level, event and fields", () => {
  const logger = recordingLogger();
  logger.warn("publish refused", { code: "forbidden" });
  logger.debug("joined");
  expect(logger.of("publish refused")).toEqual([
    { level: "warn", event: "publish refused", fields: { code: "forbidden" } },
  ]);
  logger.clear();
  expect(logger.lines).toEqual([]);
});

it("a recording meter sums counters per label set and keeps observations", () => {
  const meter = recordingMeter();
  const sent = { name: "sent", kind: "counter", help: "frames", labels: ["codec"] } as const;
  meter.counter(sent, { codec: "json" }).add(2);
  meter.counter(sent, { codec: "json" }).add();
  const lag = { name: "lag", kind: "histogram", help: "ms" } as const;
  meter.histogram(lag).observe(5);
  expect(meter.value("sent", { codec: "json" })).toBe(3);
  expect(meter.value("sent", { codec: "msgpack" })).toBe(0);
  expect(meter.observations("lag")).toEqual([5]);
  expect(() => meter.counter(sent)).toThrow("labels");
  expect(() => meter.gauge(sent, { codec: "json" })).toThrow("not a gauge");
});

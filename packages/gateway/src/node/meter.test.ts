import { describe, expect, it } from "vitest";
import { createPrometheusMeter } from "./meter.js";

const requests = { name: "t_total", kind: "counter", help: "T.", labels: ["who"] } as const;

describe("the Prometheus meter", () => {
  it("exposes what was measured", async () => {
    const meter = createPrometheusMeter({ process: false });
    meter.counter(requests, { who: "a" }).add();
    meter.counter(requests, { who: "a" }).add(2);
    meter.gauge({ name: "g", kind: "gauge", help: "G." }).set(5);
    meter.histogram({ name: "h", kind: "histogram", help: "H.", buckets: [1, 2] }).observe(1.5);
    const text = await meter.expose();
    expect(text).toContain('t_total{who="a"} 3');
    expect(text).toContain("g 5");
    expect(text).toContain('h_bucket{le="2"} 1');
    expect(meter.counter(requests, { who: "a" })).toBe(meter.counter(requests, { who: "a" }));
    expect(await meter.expose()).toContain('t_total{who="a"} 3');
    meter.counter(requests, { who: "a" }).add();
    expect(await meter.expose()).toContain('t_total{who="a"} 4');
  });

  it("keeps a bounded number of series, whatever the labels", async () => {
    const meter = createPrometheusMeter({ process: false });
    for (let i = 0; i < 1_100; i++) meter.counter(requests, { who: String(i) }).add();
    expect((await meter.expose()).match(/^t_total\{/gm)?.length).toBe(1_000);
  });

  it("has the process's own metrics where asked for", async () => {
    const text = await createPrometheusMeter({ process: true }).expose();
    expect(text).toContain("process_cpu_seconds_total");
  });
});

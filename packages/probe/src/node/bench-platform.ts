import { openWs, systemClock, systemRandom } from "@holdfast/client/internal/node";
import { jsonCodec } from "@holdfast/protocol/json";
import type { BenchPlatform } from "../bench/settings.js";

/**
 * `performance.now()` counts from the start of the process; the system's own monotonic clock is the
 * same for all of them, so that one process can measure what another one sent.
 */
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

let last = performance.eventLoopUtilization();

/** The clock, the chance and the sockets of Node, for a process of a benchmark. */
export const benchPlatform: BenchPlatform = {
  clock: { ...systemClock, monoMs: () => performance.now() + offsetMs },
  random: systemRandom,
  codec: jsonCodec,
  openSocket: openWs,
  post: async (url, key, body) => {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      // No answer at all; the run counts it as that.
      return 0;
    }
  },
  busyShare: () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  },
};

// The engine of `holdfast verify --spawn`: a process of its own, so that it outlives the gateways.
import { serveRemoteBroker } from "@holdfast/broker/testing";
import { systemClock, systemRandom } from "@holdfast/client/internal/node";
import { readArguments, type SpawnTimes } from "./arguments.js";

/** Gateways that run: ended here when whoever started them is gone, also the stopped ones. */
const guarded = new Set<number>();

const { presenceLeaseMs, presenceGraceMs } = readArguments<SpawnTimes>(process.argv);
const server = await serveRemoteBroker({
  clock: systemClock,
  random: systemRandom,
  presenceLeaseMs,
  presenceGraceMs,
});

process.on("message", (message: { readonly guard?: number; readonly forget?: number }) => {
  if (message.guard !== undefined) guarded.add(message.guard);
  if (message.forget !== undefined) guarded.delete(message.forget);
});
process.on("disconnect", () => {
  for (const pid of guarded) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  }
  process.exit(0);
});
// An interrupt from the terminal reaches the whole group; the command decides.
process.on("SIGINT", () => {});
process.send?.({ ready: server.port });

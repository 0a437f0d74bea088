import { systemClock, systemRandom } from "@holdfast/client/internal/node";
import type { Terminal } from "../cli/command.js";
import type { Options } from "../config/server-options.js";
import { forkWorker } from "./fork.js";
import { hasReusePort } from "./plan.js";
import { Supervisor, type SupervisorEvent, type WorkerListening } from "./supervisor.js";

/** Beyond its drain a worker has so long to end. */
const stopGraceMs = 10_000;

/** Starts workers; settles when all of them listen, with where, and with how to end them. */
export interface Supervised {
  readonly listening: WorkerListening;
  stop(): Promise<void>;
}

/**
 * Runs the command's own line in `count` worker processes and keeps them running.
 * Rejects when one of them cannot begin; what it had to say stands above.
 */
export async function supervise(
  terminal: Terminal,
  { drainMs }: Options,
  count: number,
): Promise<Supervised> {
  const reusePort = hasReusePort(process.versions.node, process.platform);
  const supervisor = new Supervisor({
    count,
    clock: systemClock,
    random: systemRandom,
    stopMs: drainMs + stopGraceMs,
    start: (number, port, events) => {
      // A shared listening socket is found by the port that was asked for, also where that is 0.
      const role = { number, reusePort, ...(reusePort && port !== undefined && { port }) };
      return forkWorker(role, events);
    },
    onEvent: (event) => {
      const line = lineOf(event);
      if (line !== undefined) terminal.note(line);
    },
  });
  const listening = await supervisor.start();
  const pids = [...supervisor.pids].map(([number, pid]) => `${number}: ${pid}`);
  terminal.note(`Workers (process ids): ${pids.join(", ")}`);
  return { listening, stop: () => supervisor.stop() };
}

function lineOf(event: SupervisorEvent): string | undefined {
  switch (event.kind) {
    case "ended": {
      const when = event.againMs === 0 ? "at once" : `in ${event.againMs} ms`;
      return `Worker ${event.number} ended (${event.how}); it is started again ${when}.`;
    }
    case "again":
      return `Worker ${event.number} listens again (process ${event.pid}).`;
    case "killed":
      return `Worker ${event.number} did not end in time and was killed.`;
    default:
      return undefined;
  }
}

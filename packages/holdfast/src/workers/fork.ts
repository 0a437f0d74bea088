import cluster, { type Worker } from "node:cluster";
import { type ListeningMessage, roleVariable, type StopMessage, type WorkerRole } from "./role.js";
import type { WorkerEvents, WorkerProcess } from "./supervisor.js";

/** Workers that run; ended with this process, also where it ends at once. */
const running = new Set<Worker>();
let prepared = false;

/**
 * Starts this command once more as a worker. Where it listens by itself (`reusePort`) the cluster
 * module only starts it and carries messages; elsewhere it shares the listening socket, and the
 * kernel decides who accepts (SCHED_NONE: dealing out by the first process would make each
 * connection pass through it).
 */
export function forkWorker(role: WorkerRole, events: WorkerEvents): WorkerProcess {
  prepare();
  const worker = cluster.fork({ [roleVariable]: JSON.stringify(role) });
  running.add(worker);
  worker.on("message", (message: Partial<ListeningMessage>) => {
    if (message.listening !== undefined) events.listening(message.listening);
  });
  worker.once("exit", (code: number | null, signal: string | null) => {
    running.delete(worker);
    events.ended(signal === null ? `exit code ${code}` : signal);
  });
  const stop: StopMessage = { stop: true };
  return {
    pid: worker.process.pid ?? 0,
    stop: () => {
      if (worker.isConnected()) worker.send(stop);
      else worker.process.kill("SIGTERM");
    },
    kill: () => void worker.process.kill("SIGKILL"),
  };
}

function prepare(): void {
  if (prepared) return;
  prepared = true;
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: process.argv[1] ?? "", args: process.argv.slice(2) });
  process.on("exit", () => {
    for (const worker of running) worker.process.kill("SIGKILL");
  });
}

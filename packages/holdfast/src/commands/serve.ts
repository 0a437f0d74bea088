import { availableParallelism } from "node:os";
import { EngineError } from "@holdfast/broker";
import type { Gateway, Listening } from "@holdfast/gateway";
import type { Command, Terminal } from "../cli/command.js";
import type { Configuration } from "../config/resolve.js";
import { UsageError } from "../config/usage-error.js";
import { createGateway } from "../gateway.js";
import { clientFile, demoFolder } from "../serve/demo.js";
import { explainListenError, explainOptionFault } from "../serve/explain.js";
import { isClosed, type Profile, profileOf } from "../serve/profile.js";
import { selfSigned } from "../serve/self-signed.js";
import { workerCount } from "../workers/plan.js";
import { roleOf, type WorkerRole } from "../workers/role.js";
import { supervise } from "../workers/supervise.js";
import { askedToStop, leave, listenAsWorker } from "../workers/worker.js";
import { defaultUrl } from "./client-values.js";
import { configurationFlags, configurationOf } from "./configuration.js";

/** `holdfast serve`: runs a gateway until it is told to stop. */
export const serveCommand: Command = {
  name: "serve",
  usage: "[--dev] [--port 8000] [flags]",
  operands: [],
  summary: "Runs a gateway: WebSocket at /ws, HTTP API at /api.",
  details: [
    "Each flag is also a variable (HOLDFAST_PORT for --port) and a name in holdfast.config.json (port);",
    "holdfast config shows the values in force and where each came from. --workers starts several processes on one port. SIGTERM and SIGINT stop it in good order.",
  ],
  examples: [
    "holdfast serve --dev",
    "HOLDFAST_TOKEN_SECRET=… HOLDFAST_API_KEYS=… holdfast serve --host 0.0.0.0 --origins https://app.example",
  ],
  exits: {
    1: "It could not start, because the port is taken for example; the reason is on standard error.",
  },
  options: configurationFlags,
  run: async (terminal, args) => {
    const configuration = configurationOf(terminal, args);
    const profile = profileOf(configuration);
    const role = roleOf(terminal.env);
    const count = workerCount(configuration.options, availableParallelism());
    return count > 1 && role === undefined
      ? serveWithWorkers(terminal, configuration, profile, count)
      : serveAlone(terminal, configuration, profile, role);
  },
};

/** One gateway in this process: all there is, or one of several workers. */
async function serveAlone(
  terminal: Terminal,
  configuration: Configuration,
  profile: Profile,
  role: WorkerRole | undefined,
): Promise<number> {
  const { host, tlsSelfSigned } = configuration.options;
  const own = tlsSelfSigned ? { tls: await selfSigned(host, Date.now()) } : {};
  const worker = role === undefined ? {} : { worker: String(role.number) };
  const gateway = makeGateway(configuration, { ...profile, ...own, ...worker }, terminal);
  if (gateway === undefined) return 1;
  const isListening = await listen(gateway, configuration, terminal, role);
  if (!isListening) {
    await gateway.close({ drainMs: 0 });
    leave();
    return 1;
  }
  if (role === undefined && isClosed(profile)) terminal.note(closedAdvice);
  const asked = role === undefined ? [] : [askedToStop()];
  await Promise.race([aborted(terminal.stopped), ...asked]);
  if (role === undefined) terminal.note(stoppingNote);
  await gateway.close();
  leave();
  return 0;
}

/** Several processes that serve one port; this one only looks after them. */
async function serveWithWorkers(
  terminal: Terminal,
  configuration: Configuration,
  profile: Profile,
  count: number,
): Promise<number> {
  const workers = await supervise(terminal, configuration.options, count).catch(
    (cause: unknown) => {
      terminal.note(cause instanceof Error ? cause.message : String(cause));
      return undefined;
    },
  );
  if (workers === undefined) return 1;
  for (const line of welcome(workers.listening, configuration.options)) terminal.print(line);
  if (isClosed(profile)) terminal.note(closedAdvice);
  await aborted(terminal.stopped);
  terminal.note(stoppingNote);
  await workers.stop();
  return 0;
}

const stoppingNote = "Stopping: connections are asked to leave. A second signal stops at once.";

const closedAdvice =
  "Nobody can connect yet: set tokenSecret (see holdfast token) or another key of tokens, or list what is open to everybody in anonymous.";

function makeGateway(
  { options }: Configuration,
  profile: Profile,
  terminal: Terminal,
): Gateway | undefined {
  const client = clientFile();
  const folder = options.dev ? demoFolder() : undefined;
  try {
    return createGateway({
      ...profile,
      ...(client === undefined ? {} : { clientFile: client }),
      ...(folder === undefined ? {} : { staticDir: folder }),
    });
  } catch (cause) {
    const fault = explainOptionFault(cause);
    if (fault !== undefined) throw new UsageError(fault, { cause });
    if (!(cause instanceof EngineError)) throw cause;
    terminal.note(cause.message.replace("createGateway: option ", ""));
    return undefined;
  }
}

async function listen(
  gateway: Gateway,
  { options }: Configuration,
  terminal: Terminal,
  role: WorkerRole | undefined,
): Promise<boolean> {
  try {
    if (role !== undefined) {
      await listenAsWorker(gateway, role, options);
      return true;
    }
    const listening = await gateway.listen(options.port, options.host);
    for (const line of welcome(listening, options)) terminal.print(line);
    return true;
  } catch (cause) {
    const explained =
      cause instanceof EngineError ? cause.message : explainListenError(cause, options);
    if (explained === undefined) throw cause;
    terminal.note(explained);
    return false;
  }
}

function welcome(
  { url, webSocketUrl }: Pick<Listening, "url" | "webSocketUrl">,
  options: Configuration["options"],
): string[] {
  if (!options.dev) return [`HTTP       ${url}/`, `WebSocket  ${webSocketUrl}`];
  const where = url === defaultUrl ? "" : ` --url ${url}`;
  return [
    `Chat demo  ${url}/   (open it in two windows)`,
    `WebSocket  ${webSocketUrl}`,
    ...(options.apiKeys.length > 0
      ? []
      : [`Publish    npx holdfast publish chat:lobby '{"text":"hi"}'${where}`]),
    `Listen     npx holdfast subscribe chat:lobby${where}`,
  ];
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { boolean, integer, type OptionValues, string } from "@holdfast/core";
import { benchLimits, type Scenario, scenarios } from "@holdfast/probe";
import type { BenchOutcome, BenchReport, BenchSettings } from "@holdfast/probe/bench";
import { BenchProcess, benchPlatform, Child, ExpositionWatch } from "@holdfast/probe/node";
import { ProgressLine } from "../bench/progress.js";
import { type ScenarioDefaults, scenarioDefaults } from "../bench/scenarios.js";
import type { Command, Terminal } from "../cli/command.js";
import { UsageError } from "../config/usage-error.js";
import { readDuration } from "../verify/duration.js";
import { version } from "../version.js";
import { addressOf } from "./address.js";
import { clientValues, defaultUrl } from "./client-values.js";

/** A number that each scenario has a default of its own for. */
const perScenario = (what: string, unit: string, max: number) =>
  integer(0, { unit, min: 0, max, description: `${what} (0: the scenario's own).` });

const flags = {
  url: string(defaultUrl, { unit: "", description: "Address of the gateway (HOLDFAST_URL)." }),
  token: string("", {
    unit: "",
    secret: true,
    description: "Connection token of every client (HOLDFAST_TOKEN); without one: anonymous.",
  }),
  apiKey: string("", {
    unit: "",
    secret: true,
    description: "Publishes over HTTP with this key (HOLDFAST_API_KEY) instead of as a client.",
  }),
  target: string("holdfast", {
    unit: "",
    choices: ["holdfast", "websocket"],
    description: "What runs at that address. websocket: any server that sends each message back.",
  }),
  codec: string("json", {
    unit: "",
    choices: ["json", "msgpack"],
    description: "What the clients speak.",
  }),
  spawn: boolean(false, {
    unit: "",
    description: "Starts a gateway of its own on this machine; ignores --url.",
  }),
  connections: perScenario("Clients", "count", benchLimits.maxConnections),
  channels: perScenario("Channels", "count", benchLimits.maxChannels),
  subscriptions: perScenario("Subscriptions of each client", "count", benchLimits.maxChannels),
  rate: perScenario("Operations per second of all together", "count/s", benchLimits.maxPerSecond),
  duration: string("10s", {
    unit: "",
    description: "Time that is measured; of a ramp: each step.",
  }),
  warmup: string("2s", {
    unit: "",
    description: "Load before the measurement, which does not count.",
  }),
  payloadBytes: integer(128, {
    unit: "bytes",
    min: 1,
    max: benchLimits.maxPayloadBytes,
    description: "Size of what is published or sent.",
  }),
  method: string("", { unit: "", description: "echo: the call to make; without one: pings." }),
  missed: integer(10, {
    unit: "count",
    min: 1,
    max: 1_000,
    description: "storm: publications that everybody misses.",
  }),
  p99Limit: string("100ms", { unit: "", description: "ramp: ends when the p99 is above this." }),
  processes: integer(0, {
    unit: "count",
    min: 0,
    max: benchLimits.maxProcesses,
    description: "Client processes (0: one less than there are processors).",
  }),
  opens: integer(500, {
    unit: "count/s",
    min: 1,
    max: 100_000,
    description: "Connections begun per second.",
  }),
  namespace: string("bench", {
    unit: "",
    description: "Namespace of the channels; storm needs a rule with history for it.",
  }),
  json: boolean(false, { unit: "", description: "Prints the result as one JSON object." }),
  report: string("", { unit: "", description: "File for the JSON result." }),
} as const;

type Values = OptionValues<typeof flags>;

const exitCodes = { refused: 2, unreachable: 2, interrupted: 130, broken: 1 };

/** `holdfast bench`: measures a gateway under load. */
export const benchCommand: Command = {
  name: "bench",
  usage: `<${scenarios.join("|")}> [--url http://127.0.0.1:8000 | --spawn] [flags]`,
  summary: "Measures a gateway under load: throughput, latency, memory, reconnects.",
  options: flags,
  operands: ["scenario"],
  examples: [
    "holdfast bench fanout --spawn",
    "holdfast bench echo --url wss://live.example --connections 500 --duration 30s",
  ],
  exits: {
    0: "Everything that was published arrived everywhere, once and in order.",
    1: "Something was lost, came twice, was refused or failed.",
    2: "Wrong flags, or nobody could connect.",
    130: "It was interrupted.",
  },
  details: scenarios.map((name) => `  ${name.padEnd(8)}${scenarioDefaults[name].summary}`),
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "token", "apiKey"], terminal, args);
    const settings = settingsOf(values, scenarioOf(args.positionals));
    if (!values.spawn) return conclude(terminal, values, await bench(terminal, values, settings));
    const gateway = await Child.start(entry("gateway-process"), [values.namespace]);
    terminal.note(`Started a gateway on port ${gateway.port} (process ${gateway.pid}).`);
    try {
      const url = `http://127.0.0.1:${gateway.port}`;
      const own = { ...settings, url: addressOf(url).webSocket };
      return conclude(terminal, values, await bench(terminal, { ...values, url }, own));
    } finally {
      await gateway.kill();
    }
  },
};

function scenarioOf(positionals: readonly string[]): Scenario {
  const [name, ...rest] = positionals;
  const found = scenarios.find((each) => each === name);
  if (found === undefined || rest.length > 0) {
    throw new UsageError(`bench takes one scenario: ${scenarios.join(", ")}.`);
  }
  return found;
}

function settingsOf(values: Values, scenario: Scenario): BenchSettings {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(values.namespace)) {
    throw new UsageError(`--namespace: "${values.namespace}" is not a namespace, such as bench.`);
  }
  const defaults: ScenarioDefaults = scenarioDefaults[scenario];
  const channels = values.channels || defaults.channels;
  const target = values.target === "websocket" ? "websocket" : "holdfast";
  return {
    scenario,
    target,
    codec: values.codec === "msgpack" ? "msgpack" : "json",
    // A bare server has no path of its own for it.
    url:
      target === "websocket" ? values.url.replace(/^http/, "ws") : addressOf(values.url).webSocket,
    ...(values.token === "" ? {} : { token: values.token }),
    ...(values.apiKey === ""
      ? {}
      : { api: { url: `${addressOf(values.url).http}/api/publish`, key: values.apiKey } }),
    namespace: values.namespace,
    run: benchPlatform.random.id(8),
    connections: values.connections || defaults.connections,
    channels,
    subscriptionsPerConnection: Math.min(channels, values.subscriptions || defaults.subscriptions),
    perSecond: values.rate || defaults.perSecond,
    durationMs: readDuration(values.duration, "--duration"),
    warmupMs: readDuration(values.warmup, "--warmup"),
    payloadBytes: values.payloadBytes,
    ...(values.method === "" ? {} : { method: values.method }),
    missed: values.missed,
    p99LimitMs: readDuration(values.p99Limit, "--p99-limit"),
    opensPerSecond: values.opens,
  };
}

async function bench(
  terminal: Terminal,
  values: Values,
  settings: BenchSettings,
): Promise<BenchOutcome> {
  // Loaded here: what draws histograms is of no use to the other commands.
  const { runBench } = await import("@holdfast/probe/bench");
  const count = values.processes || Math.max(1, availableParallelism() - 1);
  const workers: BenchProcess[] = [];
  const line = new ProgressLine(terminal);
  try {
    for (let index = 0; index < count; index += 1) {
      workers.push(await BenchProcess.start(settings, { index, of: count }));
    }
    return await runBench({
      settings,
      workers,
      clock: benchPlatform.clock,
      server: new ExpositionWatch(addressOf(values.url).http),
      onProgress: (progress) => line.show(progress),
      signal: terminal.stopped,
    });
  } finally {
    line.end();
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

async function conclude(
  terminal: Terminal,
  values: Values,
  outcome: BenchOutcome,
): Promise<number> {
  if (!outcome.ok) {
    terminal.note(outcome.message);
    return exitCodes[outcome.code];
  }
  const { benchLines, isComplete } = await import("@holdfast/probe/bench");
  const { report } = outcome;
  if (values.json) terminal.print(JSON.stringify(stamped(report)));
  else for (const line of benchLines(report)) terminal.print(line);
  if (values.report !== "") {
    const file = resolve(terminal.folder, values.report);
    writeFileSync(file, `${JSON.stringify(stamped(report), null, 2)}\n`);
    terminal.note(`Result: ${file}`);
  }
  return isComplete(report) ? 0 : 1;
}

function stamped(report: BenchReport): object {
  const at = new Date().toISOString();
  return { holdfast: version(), node: process.versions.node, at, ...report };
}

function entry(name: string): string {
  return fileURLToPath(new URL(`../bench/${name}.js`, import.meta.url));
}

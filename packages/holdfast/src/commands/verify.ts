import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { EngineError } from "@holdfast/broker";
import { integer, type OptionValues, string, strings } from "@holdfast/core";
import {
  runVerify,
  type VerifyOutcome,
  type VerifyProgress,
  type VerifyRun,
  type VerifySettings,
  verdictLines,
  verifyLimits,
} from "@holdfast/probe";
import { type FaultTarget, faultTargets, nodePlatform } from "@holdfast/probe/node";
import type { Command, Terminal } from "../cli/command.js";
import { UsageError } from "../config/usage-error.js";
import { tokenAuthority } from "../verify/authority.js";
import { readDuration } from "../verify/duration.js";
import { engineFaultNames } from "../verify/engine.js";
import { maxSpawned, spawnSystem } from "../verify/spawn.js";
import { stateReader } from "../verify/state_reader.js";
import { version } from "../version.js";
import { addressOf } from "./address.js";
import { clientValues, defaultUrl } from "./client-values.js";

const flags = {
  url: string(defaultUrl, { unit: "", description: "Address of the gateway (HOLDFAST_URL)." }),
  token: string("", {
    unit: "",
    secret: true,
    description: "Connection token of every client (HOLDFAST_TOKEN); without one: anonymous.",
  }),
  duration: string("30s", { unit: "", description: "How long load (and faults) last: 30s, 2m." }),
  connections: integer(300, {
    unit: "count",
    min: 1,
    max: verifyLimits.maxConnections,
    description: "Clients.",
  }),
  channels: integer(30, {
    unit: "count",
    min: 1,
    max: verifyLimits.maxChannels,
    description: "Channels; each client subscribes to two.",
  }),
  namespace: string("verify", {
    unit: "",
    description: "Namespace of those channels; the gateway needs a rule with history for it.",
  }),
  rate: integer(150, {
    unit: "count/s",
    min: 1,
    max: verifyLimits.maxPublishesPerSecond,
    description: "Publishes per second of all clients together.",
  }),
  drops: integer(20, {
    unit: "count/s",
    min: 0,
    max: 1_000,
    description: "Connections the clients cut per second, so that they have to resume.",
  }),
  spawn: integer(0, {
    unit: "count",
    min: 0,
    max: maxSpawned,
    description:
      "Starts so many gateways itself, and kills, stops, drains and cuts them; ignores --url.",
  }),
  broker: string("", {
    unit: "",
    description:
      "With --spawn: URL of the engine. redis:, redis+sentinel:, redis+cluster:, nats: or nats+cluster: alone starts such servers and harms them too, file: alone makes a store for one gateway; without one: an engine in memory.",
  }),
  engineFaults: strings([], {
    unit: "",
    description: `What is done to an engine that --broker started, in turn: ${engineFaultNames.join(", ")} (restore: an older copy of its disk; failover: a replica that is behind; move: slots; empty: a server without its data; majority: two of three frozen). Without it: all that this engine has, and of file: none.`,
  }),
  faults: strings(faultTargets, {
    unit: "",
    description: `With --spawn: what is harmed: ${faultTargets.join(", ")}. One alone shows what it costs.`,
  }),
  report: string("", { unit: "", description: "File for the JSON report." }),
} as const;

type Values = OptionValues<typeof flags>;

const exitCodes = {
  refused: 2,
  unreachable: 2,
  unreadable: 2,
  recording_full: 2,
  interrupted: 130,
};
/** Time between two lines of progress. */
const progressMs = 5_000;

/** `holdfast verify`: proves the delivery contract on a running deployment. */
export const verifyCommand: Command = {
  name: "verify",
  usage: "[--url http://127.0.0.1:8000 | --spawn 3] [flags]",
  operands: [],
  summary:
    "Proves the delivery promises on a running deployment, or on one of its own under faults.",
  examples: ["holdfast verify --spawn 3", "holdfast verify --url wss://example.org --duration 2m"],
  exits: {
    0: "Every promise was kept.",
    1: "A promise was broken, or a gateway ended by itself.",
    2: "Nothing could be proven: wrong flags, no connection, no history, no permission.",
    130: "It was interrupted.",
  },
  options: flags,
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "token"], terminal, args);
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(values.namespace)) {
      throw new UsageError(
        `--namespace: "${values.namespace}" is not a namespace, such as verify.`,
      );
    }
    const settings = settingsOf(values);
    try {
      const outcome =
        values.spawn > 0
          ? await spawned(terminal, values, settings)
          : await run(terminal, settings, addressOf(values.url).http);
      return conclude(terminal, values, outcome);
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause;
      terminal.note(cause.message);
      return 2;
    }
  },
};

function settingsOf(values: Values): VerifySettings {
  return {
    url: addressOf(values.url).webSocket,
    ...(values.token === "" ? {} : { token: values.token }),
    namespace: values.namespace,
    durationMs: readDuration(values.duration, "--duration"),
    connections: values.connections,
    channels: values.channels,
    subscriptionsPerConnection: Math.min(2, values.channels),
    publishesPerSecond: values.rate,
    dropsPerSecond: values.spawn > 0 ? 0 : values.drops,
    run: nodePlatform.random.id(8),
  };
}

/** A system of its own, under faults. */
async function spawned(
  terminal: Terminal,
  values: Values,
  settings: VerifySettings,
): Promise<VerifyOutcome> {
  terminal.note(`Starting an engine and ${values.spawn} gateways.`);
  const system = await spawnSystem({
    count: values.spawn,
    namespace: settings.namespace,
    // Those that are gone and not yet noticed count too.
    maxConnections: values.connections * 4 + 100,
    broker: values.broker,
    engineFaults: values.engineFaults,
    faultTargets: values.faults.map(targetNamed),
    platform: nodePlatform,
  });
  try {
    const { url, bounds, faults, pids, secrets, keepsOrders } = system;
    terminal.note(`Process ids: ${pids.join(" ")} (the engine's first).`);
    const { http } = addressOf(url);
    const { namespace } = settings;
    const { clock } = nodePlatform;
    // What an engine loses of its revocations holds again only once a gateway that knows them gives them back.
    const authority = keepsOrders
      ? { authority: tokenAuthority(http, secrets, { namespace, clock }) }
      : {};
    return await run(terminal, { ...settings, url, bounds }, http, { faults, ...authority });
  } finally {
    await system.close();
  }
}

function targetNamed(name: string): FaultTarget {
  const found = faultTargets.find((target) => target === name);
  if (found !== undefined) return found;
  throw new UsageError(`--faults: ${name} is none of ${faultTargets.join(", ")}.`);
}

function run(
  terminal: Terminal,
  settings: VerifySettings,
  http: string,
  own: Pick<VerifyRun, "faults" | "authority"> = {},
): Promise<VerifyOutcome> {
  let toldMs = Number.NEGATIVE_INFINITY;
  let phase = "";
  const onProgress = (progress: VerifyProgress) => {
    if (progress.phase === phase && progress.elapsedMs - toldMs < progressMs) return;
    toldMs = progress.elapsedMs;
    phase = progress.phase;
    terminal.note(progressLine(progress));
  };
  return runVerify({
    settings,
    platform: nodePlatform,
    signal: terminal.stopped,
    onProgress,
    readState: stateReader(http, settings.token),
    ...own,
  });
}

function progressLine({ elapsedMs, phase, open, events, faults }: VerifyProgress): string {
  const injected = Object.entries(faults).filter(([, count]) => count > 0);
  const suffix = injected.map(([kind, count]) => `, ${count} × ${kind}`).join("");
  return `${(elapsedMs / 1_000).toFixed(0).padStart(4)} s  ${phase}: ${open} connected, ${events} events${suffix}`;
}

function conclude(terminal: Terminal, values: Values, outcome: VerifyOutcome): number {
  if (!outcome.ok) {
    terminal.note(outcome.message);
    return exitCodes[outcome.code];
  }
  const { report } = outcome;
  for (const line of verdictLines(report)) terminal.print(line);
  if (values.report !== "") {
    const file = resolve(terminal.folder, values.report);
    const made = { holdfast: version(), node: process.versions.node, at: new Date().toISOString() };
    writeFileSync(file, `${JSON.stringify({ ...made, ...report }, null, 2)}\n`);
    terminal.note(`Report: ${file}`);
  }
  return report.verdict === "kept" ? 0 : 1;
}

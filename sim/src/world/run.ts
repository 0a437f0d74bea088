import { createFaultyMemoryBroker, type RelayDecision } from "@holdfast/broker/testing";
import type { Logger } from "@holdfast/core";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import {
  checkHistory,
  createRecorder,
  type HistoryEvent,
  type HistoryFact,
  type HistoryKind,
  type Recorder,
  type Verdict,
} from "@holdfast/probe";
import { faultyMs, type Plan } from "../plan/plan.js";
import { Application } from "../state/application.js";
import { kindOf, stepOf } from "../state/kinds.js";
import { readStateOverHttp } from "../state/reading.js";
import { Audit, auditor } from "./audit.js";
import { Coverage } from "./coverage.js";
import { Crowd } from "./crowd.js";
import { GatewayNode } from "./gateway.js";
import { Injector } from "./injector.js";
import { Network } from "./network.js";
import type { SharedWorld } from "./shared.js";

/** The contract's time to catch up, and what a look at it needs besides. */
const quietMs = 60_000;
const partitions = 8;
const keyWindowMs = 120_000;
/** A stalled link tells its client of its end as late as that: any absence may have been a long one. */
const presenceNoticeMs = 10_000;

/** What one seed came to. */
export interface RunResult {
  readonly plan: Plan;
  readonly events: readonly HistoryEvent[];
  readonly verdict: Verdict;
  /** Events that changed the state of the system. */
  readonly steps: number;
  readonly coverage: Coverage;
}

/** Facts that are looks at the state and not changes of it. */
const looks: ReadonlySet<HistoryKind> = new Set<HistoryKind>([
  "read",
  "readDone",
  "presenceView",
  "final",
  "kept",
  "queue",
  "healed",
  "state",
]);

/** Runs a plan from its beginning to rest, and judges what happened. */
export async function runPlan(plan: Plan, logger?: Logger): Promise<RunResult> {
  const clock = new VirtualClock();
  const random = new SeededRandom(plan.courseSeed);
  const recorder = createRecorder(() => clock.monoMs());
  const world: SharedWorld = { clock, recorder, logger, engineDown: false };
  const coverage = new Coverage();
  const chance = random.fork();
  const relay: RelayDecision = ({ gateway }) => {
    if (gateway === auditor) return { delayMs: 0 };
    if (chance.chance(plan.relayDrop)) {
      coverage.hit("relay-message-lost");
      return "drop";
    }
    return { delayMs: plan.relayDelayMs === 0 ? 0 : chance.int(plan.relayDelayMs) };
  };
  let injector: Injector | undefined;
  const broker = createFaultyMemoryBroker({
    clock,
    random: random.fork(),
    partitions,
    keyWindowMs,
    relay,
    operations: (gateway) => (gateway === auditor ? undefined : injector?.operation()),
  });
  const audit = new Audit(broker, plan.channels, recorder);
  const application = new Application({
    world,
    coverage,
    random: random.fork(),
    gateways: () => gateways,
  });
  const shared = {
    world,
    broker,
    coverage,
    plan,
    snapshot: application.handler,
    authorize: application.authorize,
    random: random.fork(),
  };
  const gateways: readonly GatewayNode[] = Array.from(
    { length: plan.gateways },
    (_, index) => new GatewayNode(shared, index),
  );
  const network = new Network(world, plan, gateways, random.fork(), coverage);
  const crowd = new Crowd({ world, plan, network, audit, coverage, random: random.fork() });
  const parts = { world, broker, gateways, network, audit, coverage, random: random.fork() };
  injector = new Injector(parts);

  for (const gateway of gateways) gateway.start();
  await clock.settle();
  crowd.begin();
  application.begin(plan.channels.filter((channel) => kindOf(channel) === "book"));
  injector.schedule(plan.faults);
  await clock.advanceAsync(faultyMs);

  injector.heal();
  crowd.calmDown();
  application.calmDown();
  recorder.record({ kind: "healed" });
  await clock.advanceAsync(quietMs);
  for (const gateway of gateways) readStates(gateway, plan.channels, recorder);
  await clock.advanceAsync(1_000);

  crowd.conclude();
  audit.conclude();
  for (const gateway of gateways) gateway.conclude();
  // Judged as it stands at rest; what ends from here on ends because the run does.
  const events = [...recorder.events];
  crowd.end();
  const verdict = checkHistory(events, { bounds: { keyWindowMs, presenceNoticeMs } });
  const steps = events.filter(({ kind }) => !looks.has(kind)).length;
  return { plan, events, verdict, steps, coverage };
}

/** At rest every gateway shows the same states, and those of its subscribers. */
function readStates(gateway: GatewayNode, channels: readonly string[], recorder: Recorder): void {
  const record = (fact: HistoryFact) => void recorder.record(fact);
  for (const channel of channels.filter((each) => stepOf(each) !== undefined)) {
    const place = { client: auditor, channel, op: `${gateway.name} ${channel}` };
    void readStateOverHttp({ ...place, gateway, record });
  }
}

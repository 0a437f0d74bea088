import type { BrokerLink } from "@holdfast/broker";
import type {
  Clock,
  Counter,
  Gauge,
  Logger,
  Random,
  TimerWheel,
  TokenBucket,
} from "@holdfast/core";
import type { ResetReason } from "@holdfast/protocol";
import type { Settings } from "../settings.js";
import type { HistoryReads } from "./history-reads.js";
import type { PageBudget } from "./page-budget.js";
import type { Broadcast } from "./sink.js";
import type { StateMemory } from "./state/state-memory.js";
import type { Turns } from "./turns.js";

/** What the hub counts. */
export interface HubMetrics {
  readonly deliveries: Counter;
  /** Entries that the relay lost and history gave back. */
  readonly refilled: Counter;
  /** Bytes of the states kept. */
  readonly stateBytes: Gauge;
  reset(reason: ResetReason, subscribers: number): void;
  subscribed(outcome: "fresh" | "resumed" | "reset"): void;
  /** A state was read from the engine or asked of its handler. */
  stateLoad(): void;
  snapshot(outcome: "stored" | "overtaken" | "failed"): void;
}

/** What every part of one gateway's hub shares. */
export interface HubContext {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Settings;
  readonly turns: Turns;
  readonly reads: HistoryReads;
  readonly budget: PageBudget;
  readonly states: StateMemory;
  /** Resumes from history begun per second. */
  readonly resumes: TokenBucket;
  readonly broadcast: Broadcast;
  readonly metrics: HubMetrics;
}

import type { Counter, Gauge, Meter } from "@holdfast/core";
import { closeCodes, errorCodes, type ResetReason } from "@holdfast/protocol";
import type { NodeCounts } from "./cluster/node-announcer.js";
import type { HubMetrics } from "./hub/context.js";
import { metrics } from "./metrics.js";
import type { SessionMetrics } from "./session/shared.js";

/** The core's instruments, made once; labels are taken from closed sets only. */
export class CoreMetrics implements HubMetrics, SessionMetrics {
  readonly deliveries: Counter;
  readonly refilled: Counter;
  readonly published: Counter;
  readonly publishedByProcess: Counter;
  readonly stateBytes: Gauge;
  readonly #stateLoads: Counter;
  readonly #meter: Meter;
  readonly #connections: Gauge;
  readonly #subscriptions: Gauge;
  #subscriptionCount = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
    this.deliveries = meter.counter(metrics.deliveries);
    this.refilled = meter.counter(metrics.refilled);
    this.published = meter.counter(metrics.publishes, { source: "socket" });
    this.publishedByProcess = meter.counter(metrics.publishes, { source: "process" });
    this.stateBytes = meter.gauge(metrics.stateBytes);
    this.#stateLoads = meter.counter(metrics.stateLoads);
    this.#connections = meter.gauge(metrics.connections);
    this.#subscriptions = meter.gauge(metrics.subscriptions);
  }

  connections(count: number): void {
    this.#connections.set(count);
  }

  closed(code: number, left: number): void {
    const reason = Object.hasOwn(closeCodes, code)
      ? closeCodes[code as keyof typeof closeCodes].name
      : "other";
    this.#meter.counter(metrics.connectionsClosed, { reason }).add();
    this.#connections.set(left);
  }

  /** What this gateway tells the others of itself. */
  nodeCounts(connections: number, channels: number): NodeCounts {
    return { connections, channels, figures: { subscriptions: this.#subscriptionCount } };
  }

  subscriptions(change: 1 | -1): void {
    this.#subscriptionCount += change;
    this.#subscriptions.set(this.#subscriptionCount);
  }

  subscribed(outcome: "fresh" | "resumed" | "reset"): void {
    this.#meter.counter(metrics.subscribes, { outcome }).add();
  }

  stateLoad(): void {
    this.#stateLoads.add();
  }

  snapshot(outcome: "stored" | "overtaken" | "failed"): void {
    this.#meter.counter(metrics.snapshots, { outcome }).add();
  }

  reset(reason: ResetReason, subscribers: number): void {
    if (subscribers > 0) this.#meter.counter(metrics.resets, { reason }).add(subscribers);
  }

  error(code: string): void {
    // Calls fail with codes of the application's own.
    const known = Object.hasOwn(errorCodes, code) ? code : "call_failed";
    this.#meter.counter(metrics.errors, { code: known }).add();
  }
}

import type { Timer } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import type { Head, PartitionChanges, PublishOutcome, PublishRequest } from "../contract.js";
import type { Channel } from "./channel.js";
import { Channels } from "./channels.js";
import { Exchange } from "./exchange.js";
import type { Relay } from "./fan-out.js";
import { Leases } from "./leases.js";
import { Logs } from "./logs.js";
import { type MemoryBrokerOptions, resolveLimits } from "./options.js";

/** The state every link of one memory engine shares, and its one atomic step. */
export class MemoryEngine extends Exchange {
  readonly channels: Channels;
  readonly logs: Logs;
  readonly leases: Leases;
  #sweep: Timer | undefined;

  constructor(options: MemoryBrokerOptions, relay: Relay) {
    super(options, resolveLimits(options), relay);
    this.channels = new Channels(this.limits, this.random, (name) => this.follows.has(name));
    this.logs = new Logs(this.limits);
    this.leases = new Leases(this.limits, this.clock);
    this.#scheduleSweep();
  }

  /** The channel, begun now if need be. */
  channel(name: string): Channel | Failure {
    const full = "The engine holds as many channels as it may.";
    return this.channels.of(name, this.clock.monoMs()) ?? failure("busy", full);
  }

  /** Decides, appends, notes the change and fans out, in one step. */
  publish(request: PublishRequest): PublishOutcome {
    const channel = this.channel(request.channel);
    if ("ok" in channel) return channel;
    const done = channel.publish(request, this.clock.monoMs());
    if (!done.ok) return done;
    const { outcome, entry } = done;
    const { epoch, offset, id } = outcome;
    if (entry === undefined) return { ok: true, epoch, offset, id, duplicate: true };
    this.tellEntry(request.channel, epoch, entry);
    return { ok: true, epoch, offset, id, duplicate: false };
  }

  head(name: string): Head | Failure {
    const channel = this.channel(name);
    return "ok" in channel ? channel : channel.head;
  }

  changes(partition: number, cursor: string | undefined): PartitionChanges {
    return this.changesSince(partition, cursor, (name) => this.channels.peek(name)?.head);
  }

  /** Loses what is kept for services, rooms and the cluster, as a wiped engine does. */
  wipeCoordination(): void {
    this.logs.clear();
    this.leases.clear();
    this.forgetCluster();
  }

  close(): void {
    this.#sweep?.cancel();
    this.presence.close();
    this.channels.replace(new Map());
    this.wipeCoordination();
  }

  #scheduleSweep(): void {
    this.#sweep = this.clock.after(this.limits.sweepIntervalMs, () => {
      const nowMs = this.clock.monoMs();
      this.channels.sweep(nowMs);
      this.logs.sweep(nowMs);
      this.leases.sweep(nowMs);
      this.#scheduleSweep();
    });
  }
}

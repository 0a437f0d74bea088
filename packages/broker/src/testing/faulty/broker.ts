import type { BrokerCapabilities } from "../../contract/capabilities.js";
import type { Broker, BrokerListener } from "../../contract.js";
import { EngineBroker } from "../../memory/broker.js";
import type { Channel } from "../../memory/channel.js";
import type { MemoryBrokerOptions } from "../../memory/options.js";
import type { BrokerFaults } from "../harness.js";
import { FaultyLink, type OperationDecision } from "./link.js";
import { Reach } from "./reach.js";
import { faultyRelay, type RelayDecision } from "./relay.js";
import { Replicas } from "./replicas.js";

/** The memory engine's options and what becomes of messages and operations. */
export interface FaultyMemoryOptions extends MemoryBrokerOptions {
  /** Fate of each relay message; default: delivered within the step that appends. */
  readonly relay?: RelayDecision;
  /** Fate of each operation; default: answered at once, without a promise. */
  readonly operations?: OperationDecision;
}

/** Channels as they were at one time. */
export interface Backup {
  readonly channels: ReadonlyMap<string, Channel>;
}

/** A memory engine that fails as told; what it does besides is the memory engine's. */
export interface FaultyMemoryBroker extends Broker, Required<BrokerFaults> {
  connect(gateway: string, listener: BrokerListener): FaultyLink;
  close(): void;
  pause(gateway?: string): void;
  resume(gateway?: string): void;
  cutRelay(gateway?: string): void;
  mendRelay(gateway?: string): void;
  loseSuffix(channel: string, count: number): void;
  wipe(): void;
  crash(gateway: string): void;
  /** Stops and starts without its data: every channel begins a new epoch. */
  restart(): void;
  /** A replica that lacks the newest `lost` entries of each channel takes over, in new epochs. */
  failover(lost: number | ((channel: string) => number)): void;
  /** What `restore` can go back to. */
  backup(): Backup;
  /** Stops and starts on an older backup: what was appended since is lost, in new epochs. */
  restore(backup: Backup): void;
}

class FaultyBroker implements FaultyMemoryBroker {
  readonly capabilities: BrokerCapabilities;
  readonly #reach = new Reach();
  readonly #replicas = new Replicas();
  readonly #broker: EngineBroker;
  readonly #operations: OperationDecision | undefined;
  readonly #links = new Map<FaultyLink, BrokerListener>();

  constructor(options: FaultyMemoryOptions) {
    const relay = faultyRelay(options.clock, this.#reach, options.relay);
    this.#broker = new EngineBroker(options, relay);
    this.#operations = options.operations;
    this.capabilities = this.#broker.capabilities;
  }

  connect(gateway: string, listener: BrokerListener): FaultyLink {
    const { engine } = this.#broker;
    const inner = this.#broker.connect(gateway, listener);
    const link = new FaultyLink(inner, engine, this.#reach, this.#replicas, this.#operations);
    this.#links.set(link, listener);
    return link;
  }

  close(): void {
    this.#broker.close();
    this.#links.clear();
  }

  pause(gateway?: string): void {
    const before = this.#reachable(gateway);
    this.#reach.pause(gateway);
    for (const [link, listener] of before) {
      if (gateway !== undefined) link.startLease();
      this.#broker.engine.guard(link.inner, () => listener.onAvailability(false));
    }
  }

  resume(gateway?: string): void {
    const before = new Set(this.#reachable(gateway).map(([link]) => link));
    this.#reach.resume(gateway);
    for (const [link, listener] of this.#reachable(gateway)) {
      if (before.has(link)) continue;
      link.rejoin();
      this.#broker.engine.guard(link.inner, () => listener.onAvailability(true));
      this.#broker.engine.guard(link.inner, () => listener.onRelayGap());
    }
  }

  cutRelay(gateway?: string): void {
    this.#reach.cut(gateway);
  }

  mendRelay(gateway?: string): void {
    this.#reach.mend(gateway);
  }

  loseSuffix(channel: string, count: number): void {
    const { engine } = this.#broker;
    const held = engine.channels.peek(channel);
    if (held === undefined) return;
    const upTo = Math.max(0, held.head.offset - count);
    engine.channels.put(this.#replicas.takeOver(held, upTo));
    engine.noteChange(channel);
  }

  wipe(): void {
    this.#replace(new Map());
    this.#broker.engine.wipeCoordination();
  }

  restart(): void {
    this.#outage(() => this.wipe());
  }

  failover(lost: number | ((channel: string) => number)): void {
    this.#outage(() => {
      for (const { name } of this.#broker.engine.channels.all()) {
        this.loseSuffix(name, typeof lost === "number" ? lost : lost(name));
      }
      this.#broker.engine.forgetChanges();
      this.#losePresence();
    });
  }

  backup(): Backup {
    return { channels: this.#broker.engine.channels.backup() };
  }

  restore(backup: Backup): void {
    this.#outage(() => {
      this.#replace(backup.channels);
      for (const channel of this.#broker.engine.channels.all()) {
        channel.loseAfter(channel.head.offset);
      }
    });
  }

  crash(gateway: string): void {
    for (const link of this.#links.keys()) {
      if (link.gateway !== gateway) continue;
      link.inner.crash();
      this.#links.delete(link);
    }
  }

  #replace(channels: ReadonlyMap<string, Channel>): void {
    this.#broker.engine.channels.replace(channels);
    this.#replicas.clear();
    this.#broker.engine.forgetChanges();
    this.#losePresence();
  }

  #losePresence(): void {
    this.#broker.engine.presence.wipe((owner) =>
      [...this.#links.keys()].some((link) => link.inner === owner && link.inner.open),
    );
  }

  #outage(during: () => void): void {
    this.pause();
    during();
    this.resume();
  }

  #reachable(gateway: string | undefined): [FaultyLink, BrokerListener][] {
    for (const link of [...this.#links.keys()]) if (!link.inner.open) this.#links.delete(link);
    return [...this.#links].filter(
      ([link]) =>
        this.#reach.reachable(link.gateway) && (gateway === undefined || gateway === link.gateway),
    );
  }
}

/** A memory engine for fault tests and the simulation; deterministic under a driven clock. */
export function createFaultyMemoryBroker(options: FaultyMemoryOptions): FaultyMemoryBroker {
  return new FaultyBroker(options);
}

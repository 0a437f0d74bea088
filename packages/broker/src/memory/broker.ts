import { allFeatures, type BrokerCapabilities } from "../contract/capabilities.js";
import type { Broker, BrokerListener } from "../contract.js";
import { MemoryEngine } from "./engine.js";
import type { ExchangeLink } from "./exchange-link.js";
import { directRelay, type Relay } from "./fan-out.js";
import { EngineLink, type MemoryLink } from "./link.js";
import type { MemoryBrokerOptions } from "./options.js";

/** A broker whose operations answer at once. */
export interface MemoryBroker extends Broker {
  connect(gateway: string, listener: BrokerListener): MemoryLink;
  close(): void;
}

/** The engine with what tests reach behind the contract for. */
export class EngineBroker implements MemoryBroker {
  readonly engine: MemoryEngine;
  readonly links = new Set<ExchangeLink>();
  readonly capabilities: BrokerCapabilities;
  #open = true;

  constructor(options: MemoryBrokerOptions, relay: Relay = directRelay) {
    this.engine = new MemoryEngine(options, relay);
    const { partitions, keyWindowMs, presenceLeaseMs, presenceGraceMs, ...rest } =
      this.engine.limits;
    this.capabilities = {
      engine: "memory",
      durability: "none",
      features: allFeatures,
      partitions,
      keyWindowMs,
      presenceLeaseMs,
      presenceGraceMs,
      commandWindowMs: rest.commandWindowMs,
      fenceWindowMs: rest.fenceWindowMs,
    };
  }

  connect(gateway: string, listener: BrokerListener): EngineLink {
    if (!this.#open) throw new Error("the broker was closed");
    if (this.links.size >= this.engine.limits.maxLinks) {
      throw new RangeError(`more than ${this.engine.limits.maxLinks} links`);
    }
    const link = new EngineLink(this.engine, gateway, listener, (ended) =>
      this.links.delete(ended),
    );
    this.links.add(link);
    return link;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const link of [...this.links]) link.silence();
    this.engine.close();
  }
}

/**
 * The embedded engine: everything in this process's memory, every operation one synchronous step.
 * Its channels live as long as the process; each incarnation has epochs of its own. Limits have
 * the defaults of `memoryLimits`; throws RangeError on one out of range.
 */
export function createMemoryBroker(options: MemoryBrokerOptions): MemoryBroker {
  return new EngineBroker(options);
}

import { allFeatures, type BrokerCapabilities } from "../contract/capabilities.js";
import type { Broker, BrokerListener } from "../contract.js";
import type { ExchangeLink } from "../memory/exchange-link.js";
import type { FileEngine } from "./engine.js";
import { FileLink } from "./link.js";
import type { Sync } from "./lmdb-store.js";
import type { Tables } from "./store.js";

/** The engine over an open store; who opened it lends the folder's lock and takes it back. */
export class FileBroker implements Broker {
  readonly capabilities: BrokerCapabilities;
  readonly #engine: FileEngine;
  readonly #unlock: () => Promise<void>;
  readonly #links = new Set<ExchangeLink>();
  #ending: Promise<void> | undefined;

  constructor(engine: FileEngine, sync: Sync, unlock: () => Promise<void>) {
    const { limits } = engine;
    this.#engine = engine;
    this.#unlock = unlock;
    this.capabilities = {
      engine: "file",
      durability: sync === "disk" ? "disk" : "as configured",
      features: allFeatures,
      partitions: limits.partitions,
      keyWindowMs: limits.keyWindowMs,
      presenceLeaseMs: limits.presenceLeaseMs,
      presenceGraceMs: limits.presenceGraceMs,
      commandWindowMs: limits.commandWindowMs,
      fenceWindowMs: limits.fenceWindowMs,
    };
  }

  connect(gateway: string, listener: BrokerListener): FileLink {
    if (this.#ending !== undefined) throw new Error("the broker was closed");
    const { limits } = this.#engine;
    if (this.#links.size >= limits.maxLinks)
      throw new RangeError(`more than ${limits.maxLinks} links`);
    const link = new FileLink(this.#engine, gateway, listener, (ended) =>
      this.#links.delete(ended),
    );
    this.#links.add(link);
    return link;
  }

  /** Settles when everything asked for before is kept and told. */
  async flushed(): Promise<void> {
    await this.#engine.kept();
  }

  /** Rows of a table of the store, for whoever watches it. */
  countRows(table: keyof Tables): number {
    return this.#engine.countRows(table);
  }

  /** Writes what waits, and lets the folder go. */
  close(): Promise<void> {
    this.#ending ??= this.#end(() => this.#engine.close());
    return this.#ending;
  }

  /** Ends as a killed process does: what waits to be written is lost, and nothing notes that it ended. */
  abandon(): Promise<void> {
    this.#ending ??= this.#end(() => this.#engine.abandon());
    return this.#ending;
  }

  async #end(end: () => Promise<void>): Promise<void> {
    for (const link of [...this.#links]) link.silence();
    await end();
    await this.#unlock();
  }
}

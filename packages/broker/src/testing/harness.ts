import type { Broker } from "../contract.js";

/** What can be done to an engine under test. A gateway's name narrows a fault to its link. */
export interface BrokerFaults {
  /** Makes the engine unreachable; listeners are told. */
  pause(gateway?: string): void | Promise<void>;
  /** Makes it reachable again; listeners are told, and that the relay may have lost messages. */
  resume(gateway?: string): void | Promise<void>;
  /** Loses a channel's newest `count` entries, as an asynchronous replica's promotion does. */
  loseSuffix(channel: string, count: number): void | Promise<void>;
  /** Loses everything the engine held, without a word to anyone. */
  wipe(): void | Promise<void>;
  /** Loses every message to links until mended, without a word to anyone. */
  cutRelay(gateway?: string): void | Promise<void>;
  mendRelay(gateway?: string): void | Promise<void>;
  /** Stops the engine at once and starts it on what its durability left. */
  restart(): void | Promise<void>;
  /** Ends a gateway's link without a word, as a killed process does. */
  crash(gateway: string): void | Promise<void>;
}

/**
 * A fault an engine's harness has; `pauseOne`: `pause` takes a gateway's name. `clock`: its time can
 * be driven as far as one likes. `wait`: so it can, or `advance` really waits for up to a second.
 */
export type Ability =
  | "pause"
  | "pauseOne"
  | "loseSuffix"
  | "wipe"
  | "cutRelay"
  | "restart"
  | "crash"
  | "clock"
  | "wait";

/** An engine under test, fresh and empty. */
export interface BrokerHarness {
  readonly broker: Broker;
  /** Lets the engine's time pass; used by checks that need `clock` or `wait`. */
  advance(ms: number): Promise<void>;
  /** Settles once every message on its way has reached its link. */
  settle(): Promise<void>;
  /** The faults declared as abilities must be here. */
  readonly faults: Partial<BrokerFaults>;
  /** Closes the broker and ends what belongs to it. */
  dispose(): Promise<void>;
}

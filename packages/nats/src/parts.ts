import type { BrokerListener } from "@holdfast/broker";
import type { MemoryLimits } from "@holdfast/broker/internal";
import type { Clock, Logger, Random } from "@holdfast/core";
import type { Blobs } from "./journal/blobs.js";
import type { NatsLimits } from "./limits.js";
import type { Connection } from "./servers/connection.js";
import type { StreamStore } from "./servers/store.js";
import type { Subjects } from "./subjects.js";

/** What the parts of a link share. */
export interface Parts {
  readonly gateway: string;
  readonly listener: BrokerListener;
  /** By which everything is asked and stored. */
  readonly commands: Connection;
  /** By which everything is heard. */
  readonly relay: Connection;
  readonly stores: readonly StreamStore[];
  readonly subjects: Subjects;
  readonly blobs: Blobs;
  readonly limits: NatsLimits & MemoryLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Wall-clock time of this gateway as of the link's beginning, counted on by a clock that does not jump. */
  readonly nowMs: () => number;
}

/** The store of a stream. */
export function storeAt({ stores }: Pick<Parts, "stores">, stream: number): StreamStore {
  const store = stores[stream];
  if (store === undefined) throw new Error(`there is no stream ${stream}`);
  return store;
}

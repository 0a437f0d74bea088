import {
  allFeatures,
  type Broker,
  type BrokerCapabilities,
  type BrokerListener,
  EngineError,
} from "@holdfast/broker";
import { type Clock, type Logger, type Random, silentLogger } from "@holdfast/core";
import { parseAddress } from "./address.js";
import { type NatsLimits, resolveLimits } from "./limits.js";
import { NatsLink } from "./link.js";
import type { TlsTrust } from "./servers/connection.js";

/** What the NATS engine is made of; every limit of `natsLimits` can be set. */
export interface NatsBrokerOptions extends Partial<NatsLimits> {
  /** `nats://` or `tls://`, with one host or several; see docs/engines.md. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** Whom to trust with `tls://` beside the system's authorities. */
  readonly tls?: TlsTrust;
}

/** An engine over NATS. */
export interface NatsBroker extends Broker {
  connect(gateway: string, listener: BrokerListener): Promise<NatsLink>;
  close(): Promise<void>;
}

/**
 * An engine over a NATS deployment with JetStream. Throws EngineError at once on a URL or limit that
 * cannot be; `connect` rejects with one when the servers cannot be reached or will
 * not do, and says what to change.
 */
export function createNatsBroker(options: NatsBrokerOptions): NatsBroker {
  const address = parseAddress(options.url);
  const limits = limitsOf({ ...options, ...address.limits });
  const { clock, random, logger = silentLogger, tls } = options;
  const links = new Set<NatsLink>();
  let open = true;
  const capabilities: BrokerCapabilities = {
    engine: "nats",
    durability: "as configured",
    features: allFeatures,
    partitions: limits.partitions,
    keyWindowMs: limits.keyWindowMs,
    presenceLeaseMs: limits.presenceLeaseMs,
    presenceGraceMs: limits.presenceGraceMs,
    commandWindowMs: limits.commandWindowMs,
    fenceWindowMs: limits.fenceWindowMs,
  };
  return {
    capabilities,
    async connect(gateway, listener) {
      if (!open) throw new Error("the broker was closed");
      const made = {
        gateway,
        listener,
        address,
        limits,
        clock,
        random,
        logger,
        ...(tls && { tls }),
      };
      const link = await NatsLink.connect(made, (ended) => links.delete(ended));
      links.add(link);
      return link;
    },
    async close() {
      open = false;
      await Promise.all([...links].map((link) => link.close()));
    },
  };
}

function limitsOf(given: Partial<NatsLimits>): NatsLimits {
  try {
    return resolveLimits(given);
  } catch (cause) {
    throw new EngineError(`The NATS engine: ${(cause as RangeError).message}.`, { cause });
  }
}

import type { Broker, HistoryBounds, NodeRecord, Published } from "@holdfast/broker";
import type { Clock, Logger, Meter, Random } from "@holdfast/core";
import type {
  AuthenticateHandler,
  AuthorizeHandler,
  CallDefinition,
  Capabilities,
  Failure,
  FoldedMode,
  SnapshotHandler,
} from "@holdfast/protocol";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { OrderResult } from "./cluster/cluster.js";
import type { Order, RevokeRequest, Withdrawal } from "./cluster/orders.js";
import type { Ticket } from "./cluster/tickets.js";
import type { Digest } from "./session/identity.js";
import type { StateRead } from "./session/state-reading.js";
import type { Settings } from "./settings.js";
import type { Connection, FrameWriter, Handshake, Transport } from "./transport.js";

/** Options of the channels a pattern matches; the first matching rule applies. */
export interface ChannelRule {
  /**
   * What is retained; a bound that is left out is 1,000 publications, 16 MiB or one day. false or absent:
   * the channel keeps no history, so nothing can be resumed.
   */
  readonly history?: Partial<HistoryBounds> | false;
  /**
   * The channel has state, which subscribers are given when they begin: `last`: the newest
   * publication's data; `merge`: publications are JSON Merge Patches (RFC 7396) on it; a handler: the
   * application supplies it. With state `history` is on unless it says otherwise.
   */
  readonly state?: FoldedMode | { readonly handler: SnapshotHandler };
  /** Members may enter the channel's presence and be watched. Default false. */
  readonly presence?: boolean;
  /** Publications carry the publisher's `user`. Default true. */
  readonly stampUser?: boolean;
  /**
   * Publications a second and subscription, at most; faster ones are conflated, the newest per `key`
   * stays. Only where the newest is all that counts: without `history`, or with `state: "last"`.
   */
  readonly maxPerSecond?: number;
  /** Refuses payloads it does not accept (Standard Schema). */
  readonly schema?: StandardSchemaV1;
}

/** Channel pattern (`chat:*`, `chat:lobby`, `*`) to rule, in order of precedence. */
export type ChannelRules = Readonly<Record<string, ChannelRule>>;

/** Call name to definition. */
export type CallDefinitions = Readonly<Record<string, CallDefinition<unknown, unknown>>>;

/** What the core is made of; the platform supplies everything that is not logic. */
export interface CoreOptions {
  /** Unguessable name of this gateway incarnation. */
  readonly gateway: string;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  /** The same for one text everywhere, and telling nothing of the text: SHA-256 as base64url. */
  readonly digest: Digest;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly settings: Settings;
  /** Writes what is due for many connections; absent: each transport writes by itself. */
  readonly writer?: FrameWriter;
  readonly channels: ChannelRules;
  readonly authenticate?: AuthenticateHandler;
  readonly authorize?: AuthorizeHandler;
  readonly calls?: CallDefinitions;
  /** Puts this gateway on the list of nodes; absent: it is not on it. */
  readonly node?: { readonly version: string };
  /** What connections without credentials may do; absent: they are refused. */
  readonly anonymous?: Capabilities;
  /** What every connection with a user may do beside what its identity says. */
  readonly authenticated?: Capabilities;
}

/** Options of a publish that comes from the process itself or the HTTP API. */
export interface PublishOptions {
  /**
   * Publish key: a repeat within the engine's `keyWindowMs` gets the first outcome. With `ephemeral`: what a
   * later publication of the same key replaces.
   */
  readonly key?: string;
  /** User the publication is stamped with. */
  readonly user?: string;
  /** Publish only if the channel's newest offset is this one; otherwise `offset_mismatch`. */
  readonly expectedOffset?: number;
  /** true: never stored, no offset, may be dropped. Default false. */
  readonly ephemeral?: boolean;
  /** Labels: at most 16, of at most 64 characters. */
  readonly tags?: readonly string[];
  /** What travels along (`traceparent`): at most 16 texts, 1 KiB in all. */
  readonly meta?: Readonly<Record<string, string>>;
}

/** The gateway without sockets: sessions and hub over a broker. */
export interface GatewayCore {
  /** Takes a new socket. The transport calls the returned connection from then on. */
  accept(transport: Transport, handshake: Handshake): Connection;
  /**
   * Time until another connection from the address would be taken, in milliseconds; 0: now. For doors
   * that can say so before opening; asking counts as an arrival.
   */
  acceptWaitMs(remoteAddress?: string): number;
  /** Asks again for every subscription it concerns, here alone; what is not confirmed within a second ends. */
  recheck(withdrawal: Withdrawal): void;
  /** Carries an order out on every gateway, on this one at once. A failure tells that others may not know. */
  tell(order: Order | Failure): Promise<OrderResult>;
  /** Reads a revocation, which is remembered as long as a token it concerns could live. */
  revocation(request: RevokeRequest): Order | Failure;
  /** Makes a ticket that is good for one connection to any gateway. */
  issueTicket(request: unknown): Promise<Ticket | Failure>;
  /** Publishes with the process's own authority: validated, not authorized. */
  publish(
    channel: string,
    payload: { readonly data: unknown } | { readonly bytes: Uint8Array },
    options?: PublishOptions,
  ): Promise<Published | { readonly ok: true; readonly ephemeral: true } | Failure>;
  /**
   * Settles once what was published has been handed to the sockets; undefined while there is room for
   * more. Who may publish in a loop waits for it, or its subscribers are taken for slow readers.
   */
  flushed(): Promise<void> | undefined;
  /** Reads a channel's state with the process's own authority, or as the reader, whose credentials are judged. */
  readState(channel: string, reader?: Handshake): Promise<StateRead | Failure>;
  /** The gateways that share the engine, this one among them, with what each said of itself within 5 s. */
  nodes(): Promise<readonly NodeRecord[] | Failure>;
  /** The engine is reachable and the gateway is not draining. */
  readonly ready: boolean;
  readonly connectionCount: number;
  /** Closes every connection with `draining` advice, spread over `drainMs`; settles when all are gone. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

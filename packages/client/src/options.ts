import type { Clock, Random } from "@holdfast/core";
import type { Codec } from "@holdfast/protocol";
import type { OpenSocket } from "./socket/socket.js";

/** What `getToken` is given. */
export interface TokenRequest {
  /** Aborted when the token is no longer wanted or took too long. */
  readonly signal: AbortSignal;
}

/**
 * Fetches the credentials; asked before every connect and when they are about to end.
 * `undefined` or `null` connects anonymously. A throw is told as an `error` event and tried again with
 * backoff, not before its `retryAfterMs`; a `HoldfastError` with `retryable: false` closes the client.
 */
export type GetToken = (
  request: TokenRequest,
) => string | null | undefined | Promise<string | null | undefined>;

/** Limits of a client. Every one has a safe default. */
export interface ClientLimits {
  /** Longest time for a token, and for socket and session to open. Default 10 000. */
  readonly connectTimeoutMs: number;
  /** First reconnect delay before jitter; doubles per attempt. Default 1000. */
  readonly backoffMinMs: number;
  /**
   * Cap of the reconnect delay before jitter; below the 30 s in which everybody has caught up once
   * faults stop. Default 20 000.
   */
  readonly backoffMaxMs: number;
  /** A connection open this long was good: the next loss begins at `backoffMinMs` again. Default 10 000. */
  readonly stableMs: number;
  /** Longest wait for a sign of life after a wake-up or a change of network. Default 5000. */
  readonly probeTimeoutMs: number;
  /** Time between looks for a jump of the clock (a device that slept); 0 turns them off. Default 10 000. */
  readonly jumpCheckMs: number;
  /** Patience of a publish, time spent away included. Default 30 000. */
  readonly publishTimeoutMs: number;
  /** Patience of a call. Default 10 000. */
  readonly callTimeoutMs: number;
  /** Patience of history, presence and subscribe requests. Default 30 000. */
  readonly requestTimeoutMs: number;
  /** Publishes not yet answered; each counted apart: calls and reads; ephemeral publications. Default 1000. */
  readonly maxQueuedMessages: number;
  /** Encoded size of the publishes not yet answered. Default 4 MiB. */
  readonly maxQueuedBytes: number;
  /** Publishes of one channel that may be on the way at once. Default 64. */
  readonly maxInFlight: number;
  /**
   * Bytes the socket may hold before the client hands it no more: what is asked and published then
   * waits until it has drained. Default 256 KiB.
   */
  readonly maxBufferedBytes: number;
  /** Messages of one frame. Default 16 384. */
  readonly maxMessagesPerFrame: number;
  /** Presence members kept per watched channel; beyond it only the count is exact. Default 10 000. */
  readonly maxMembers: number;
}

/** The defaults of `ClientLimits`. */
export const defaultLimits: ClientLimits = {
  connectTimeoutMs: 10_000,
  backoffMinMs: 1000,
  backoffMaxMs: 20_000,
  stableMs: 10_000,
  probeTimeoutMs: 5000,
  jumpCheckMs: 10_000,
  publishTimeoutMs: 30_000,
  callTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  maxQueuedMessages: 1000,
  maxQueuedBytes: 4_194_304,
  maxInFlight: 64,
  maxBufferedBytes: 262_144,
  maxMessagesPerFrame: 16_384,
  maxMembers: 10_000,
};

/** Options of `connect`. */
export interface ClientOptions extends Partial<ClientLimits> {
  /** Absent: the client connects anonymously. */
  readonly getToken?: GetToken;
  /** false: connect with the first request instead of at once. Default true. */
  readonly autoConnect?: boolean;
  /** What the connection speaks: `msgpack()` of `@holdfast/client/msgpack`. Default JSON. */
  readonly codec?: Codec;
}

/** What the platform can tell about the network and the device; each returns a way to stop listening. */
export interface PlatformEvents {
  /** The page became visible, or the device woke. */
  onWake(callback: () => void): () => void;
  onOnline(callback: () => void): () => void;
  onOffline(callback: () => void): () => void;
  /** false: the platform knows that there is no network. It may be wrong about a gateway nearby. */
  isOnline(): boolean;
}

/** Everything a client is made of. */
export interface CreateClientOptions extends ClientOptions {
  /** `ws://…` or `wss://…`. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly codec: Codec;
  readonly openSocket: OpenSocket;
  readonly events?: PlatformEvents;
}

/** The options with every limit in place. */
export type Settings = CreateClientOptions & ClientLimits;

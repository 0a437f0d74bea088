import { inTime } from "@holdfast/broker/internal";
import type { Clock, Logger, Random, Timer } from "@holdfast/core";
import {
  connect,
  errors,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  headers as newHeaders,
  type ServerInfo,
} from "@nats-io/transport-node";
import type { NatsAddress } from "../address.js";
import type { NatsLimits } from "../limits.js";
import { StoreError } from "./errors.js";
import { Inbox } from "./inbox.js";

/** Whom to trust beside the system's authorities, and who one is, in PEM. */
export interface TlsTrust {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly address: NatsAddress;
  readonly limits: NatsLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly tls?: TlsTrust;
  /** As the server lists it. */
  readonly name: string;
  /** It was lost, and is there again. */
  readonly onAvailability: (available: boolean) => void;
}

/** A request that several messages answer. */
export interface ManyRequest {
  readonly subject: string;
  readonly body: string;
  /** Subject of the answers. */
  readonly reply: string;
  /** How long the server may wait for what it does not have yet. */
  readonly expiresMs: number;
}

const inboxLength = 16;

/** Hears what comes by a subscription. */
export type Hearer = (message: Msg) => void;

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** One connection to the servers, which comes back by itself, and says when it is not there. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #connection: NatsConnection;
  readonly #inbox: Inbox;
  /** Called when the connection is lost before the answer has come. */
  readonly #asking = new Set<(error: StoreError) => void>();
  readonly #returning = new Set<() => void>();
  #available = true;
  #closed = false;
  #beating: Timer | undefined;
  #forbidden: StoreError | undefined;

  private constructor(options: ConnectionOptions, connection: NatsConnection) {
    this.#options = options;
    this.#connection = connection;
    const { address, clock, limits, random } = options;
    const subject = `${address.prefix}.i.${random.id(inboxLength)}`;
    this.#inbox = new Inbox({ connection, clock, subject, timeoutMs: limits.commandTimeoutMs });
    void this.#watch();
    this.#beatLater();
  }

  /** Rejects when no server answers or lets it in. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { address, limits, random, name } = options;
    const { servers, credentials, tls, ignoreClusterUpdates } = address;
    const connection = await connect({
      servers: [...servers],
      ...credentials,
      ...(tls && { tls: { ...options.tls } }),
      name,
      timeout: limits.connectTimeoutMs,
      maxReconnectAttempts: -1,
      // The pause is drawn anew each time: thousands of gateways must not come back as one.
      reconnectDelayHandler: () => Math.ceil(random.next() * limits.maxReconnectDelayMs),
      ignoreAuthErrorAbort: true,
      ignoreClusterUpdates,
      noAsyncTraces: true,
    });
    return new Connection(options, connection);
  }

  get available(): boolean {
    return this.#available && !this.#closed;
  }

  /** What the server last said of itself. */
  get info(): ServerInfo {
    const { info } = this.#connection;
    if (info === undefined) throw new StoreError("unreachable", "the server has said nothing yet");
    return info;
  }

  /** What the user turned out not to be allowed last. */
  get forbidden(): StoreError | undefined {
    return this.#forbidden;
  }

  /** Sends a request and gives its answer. Rejects with a StoreError. */
  async ask(
    subject: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
    timeoutMs = this.#options.limits.commandTimeoutMs,
  ): Promise<Msg> {
    if (!this.available) throw new StoreError("unreachable", "the connection is lost");
    let give: ((error: StoreError) => void) | undefined;
    const lost = new Promise<never>((_resolve, reject) => {
      give = reject;
      this.#asking.add(reject);
    });
    try {
      const answer = this.#connection.request(subject, body, {
        timeout: timeoutMs,
        headers: headersOf(headers),
      });
      return await Promise.race([answer, lost]);
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      if (give !== undefined) this.#asking.delete(give);
    }
  }

  /** Sends one of many requests and gives its answer, at less cost. Rejects with a StoreError. */
  async store(
    subject: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): Promise<Msg> {
    if (!this.available) throw new StoreError("unreachable", "the connection is lost");
    try {
      return await this.#inbox.ask(subject, body, headersOf(headers));
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  /**
   * Sends a request that several messages answer; `heard` tells of each whether it was the last.
   * Rejects with a StoreError where the connection is lost, or nothing comes for `commandTimeoutMs`
   * beyond the time that the server may take: what has ended meanwhile answers with silence.
   */
  async askForMany(
    { subject, body, reply, expiresMs }: ManyRequest,
    heard: (message: Msg) => boolean,
  ): Promise<void> {
    const { clock, limits } = this.#options;
    const timeoutMs = expiresMs + limits.commandTimeoutMs;
    let stop = () => {};
    let waiting: Timer | undefined;
    let give: ((error: StoreError) => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        give = reject;
        this.#asking.add(reject);
        const wait = () => {
          waiting?.cancel();
          waiting = clock.after(timeoutMs, () =>
            reject(new StoreError("unknown", "the answer did not come, or not all of it")),
          );
        };
        stop = this.hear(reply, (message) => {
          if (heard(message)) resolve();
          else wait();
        });
        this.tell(subject, body, reply);
        wait();
      });
    } finally {
      waiting?.cancel();
      stop();
      if (give !== undefined) this.#asking.delete(give);
    }
  }

  /** Sends without an answer. */
  tell(subject: string, body: string | Uint8Array, reply?: string, headers?: MsgHdrs): void {
    if (!this.available) throw new StoreError("unreachable", "the connection is lost");
    this.#connection.publish(subject, body, {
      ...(reply !== undefined && { reply }),
      ...(headers !== undefined && { headers }),
    });
  }

  /** Hears a subject from now on, also after the connection has come back. */
  hear(subject: string, hearer: Hearer, queue?: string): Unsubscribe {
    const subscription = this.#connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error === null) hearer(message);
        else this.#options.logger.warn("subscription failed", { subject, message: error.message });
      },
    });
    return () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
    };
  }

  /** Whether the server has taken everything sent before, within a time. */
  async flushed(timeoutMs: number): Promise<boolean> {
    if (!this.available) return false;
    let answered = false;
    const flush = this.#connection.flush().then(
      () => {
        answered = true;
      },
      () => {},
    );
    return (await inTime(this.#options.clock, timeoutMs, flush)) && answered;
  }

  /** Settles when it is there, or closed. */
  async whenAvailable(): Promise<void> {
    if (this.#available || this.#closed) return;
    await new Promise<void>((resolve) => this.#returning.add(resolve));
  }

  /** Gives the connection up and makes another. */
  renew(why: string): void {
    if (this.#closed) return;
    this.#lose(why);
    this.#connection.reconnect().catch(() => {});
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#beating?.cancel();
    this.#inbox.close();
    this.#forsake("the connection was closed");
    this.#return();
    await this.#connection.close().catch(() => {});
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") this.#lose("the connection was lost");
      if (status.type === "reconnect") this.#regain();
      if (status.type === "error") this.#forbid(status.error);
    }
  }

  /** What is sent without an answer, and what is to be heard, is forbidden by the way. */
  #forbid(error: Error): void {
    if (!(error instanceof errors.PermissionViolationError)) return;
    this.#forbidden = storeErrorOf(error);
    if (error.operation === "publish") this.#inbox.refuse(this.#forbidden, error.subject);
    this.#options.logger.warn("the engine forbids", { message: error.message });
  }

  #lose(why: string): void {
    this.#forsake(why);
    if (!this.#available || this.#closed) return;
    this.#available = false;
    this.#options.onAvailability(false);
  }

  #regain(): void {
    if (this.#available || this.#closed) return;
    this.#available = true;
    this.#return();
    this.#options.onAvailability(true);
  }

  #return(): void {
    for (const resolve of [...this.#returning]) resolve();
    this.#returning.clear();
  }

  #forsake(why: string): void {
    for (const reject of [...this.#asking]) reject(new StoreError("unknown", why));
    this.#asking.clear();
    this.#inbox.refuse(new StoreError("unknown", why));
  }

  #beatLater(): void {
    const { clock, limits } = this.#options;
    this.#beating = clock.after(limits.heartbeatIntervalMs, () => void this.#beat());
  }

  /** A server that is stopped or cut off without a word is found by what it does not answer. */
  async #beat(): Promise<void> {
    if (this.#available && !(await this.flushed(this.#options.limits.heartbeatTimeoutMs))) {
      this.renew("the server does not answer");
    }
    if (!this.#closed) this.#beatLater();
  }
}

function headersOf(given: Readonly<Record<string, string>>): MsgHdrs {
  const made = newHeaders();
  for (const [name, value] of Object.entries(given)) made.set(name, value);
  return made;
}

function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof errors.NoRespondersError) return new StoreError("refused", message, 503);
  if (error instanceof errors.RequestError && error.isNoResponders()) {
    return new StoreError("refused", message, 503);
  }
  const violation = error instanceof errors.RequestError ? error.cause : error;
  if (violation instanceof errors.PermissionViolationError) {
    return new StoreError("forbidden", violation.message);
  }
  if (error instanceof errors.InvalidArgumentError) return new StoreError("too_large", message);
  return new StoreError("unknown", message);
}

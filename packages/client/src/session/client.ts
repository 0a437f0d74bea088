import type {
  Contract,
  ContractOf,
  DownMessage,
  Failure,
  Outcome,
  PayloadOf,
} from "@holdfast/protocol";
import { Emitter, type Off } from "../emitter.js";
import { HoldfastError, handlerFailed } from "../errors.js";
import { failure } from "../failures.js";
import { type ClientLimits, type CreateClientOptions, defaultLimits } from "../options.js";
import { type ClientState, Link } from "../socket/link.js";
import { WakeWatch } from "../socket/wake.js";
import { Asks } from "./asks.js";
import { type Channel, type ChannelDeps, makeChannel } from "./channel.js";
import { ChannelPresence } from "./presence.js";
import { Publisher } from "./publisher.js";
import { Refresher } from "./refresher.js";
import { Requests } from "./requests.js";
import { Subscriptions } from "./subscriptions.js";

/** Events of a client. */
export interface ClientEvents {
  state: ClientState;
  /** What nobody awaits: a failing listener or `getToken`, a refused refresh, a lost presence. */
  error: HoldfastError;
}

/** Options of a call. */
export interface CallOptions {
  /** Patience, time spent away included. Default 10 000. */
  readonly timeoutMs?: number;
  /** Gives the call up; its handler is told. */
  readonly signal?: AbortSignal;
}

/** A client of one gateway: one connection, kept open, for any number of channels. */
export interface Client<C extends Contract> {
  readonly state: ClientState;
  /** Public identity of this client, as presence shows it; known once connected. */
  readonly member: string | undefined;
  /** The user the gateway recognised; `undefined` when anonymous or not yet connected. */
  readonly user: string | undefined;
  /** A channel. No I/O. */
  channel<Name extends string>(name: Name): Channel<PayloadOf<C, Name>>;
  /** Calls a handler of the application once: a lost connection is `unknown`, never repeated. Never a throw. */
  call<Method extends keyof C["calls"] & string>(
    method: Method,
    input: C["calls"][Method]["input"],
    options?: CallOptions,
  ): Promise<Outcome<{ readonly data: C["calls"][Method]["output"] }>>;
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): Off;
  /** Ends everything: subscriptions end, what waits for an answer gets `closed`. */
  close(): void;
}

class ClientSession<C extends Contract> implements Client<C> {
  readonly #limits: ClientLimits;
  readonly #emitter: Emitter<ClientEvents>;
  readonly #link: Link;
  readonly #requests: Requests;
  readonly #asks: Asks;
  readonly #publisher: Publisher;
  readonly #subscriptions: Subscriptions;
  readonly #presences = new Map<string, ChannelPresence>();
  readonly #refresher: Refresher;
  readonly #wakes: WakeWatch;
  readonly #channelDeps: ChannelDeps;
  readonly #options: CreateClientOptions & ClientLimits;
  #member: string | undefined;
  #user: string | undefined;

  constructor(given: CreateClientOptions) {
    const options = { ...defaultLimits, ...given };
    const { clock, random, codec } = options;
    this.#options = options;
    this.#limits = options;
    this.#emitter = new Emitter((cause) => this.#report(handlerFailed(cause)));
    this.#link = new Link(options, {
      state: (state) => {
        const { connected } = this.#link;
        if (connected !== undefined) {
          this.#member = connected.member;
          this.#user = connected.user;
        }
        this.#emitter.emit("state", state);
      },
      opened: () => this.#opened(),
      message: (message) => this.#take(message),
      lost: () => this.#lost(),
      closed: (error) => this.#closed(error),
      error: (error) => this.#report(error),
    });
    const link = this.#link;
    const requests = new Requests(link);
    this.#requests = requests;
    this.#asks = new Asks({
      clock,
      random,
      requests,
      maxQueuedMessages: options.maxQueuedMessages,
    });
    this.#publisher = new Publisher({
      clock,
      random,
      codec,
      requests,
      limits: options,
      connected: () => link.connected,
      bufferedBytes: () => link.bufferedBytes,
    });
    this.#subscriptions = new Subscriptions({
      clock,
      random,
      requests,
      requestTimeoutMs: options.requestTimeoutMs,
      drop: (reason) => link.drop(reason),
    });
    this.#refresher = new Refresher({ options, requests, onError: (error) => this.#report(error) });
    this.#wakes = new WakeWatch(
      options,
      () => link.wake(),
      () => link.probe(),
    );
    this.#channelDeps = {
      publisher: this.#publisher,
      subscriptions: this.#subscriptions,
      asks: this.#asks,
      requestTimeoutMs: options.requestTimeoutMs,
      presence: (channel) => this.#presence(channel),
      start: () => link.start(),
    };
    // Not at once: whoever made the client listens to its states first.
    if (options.autoConnect ?? true) clock.soon(() => link.start());
  }

  get state(): ClientState {
    return this.#link.state;
  }

  get member(): string | undefined {
    return this.#member;
  }

  get user(): string | undefined {
    return this.#user;
  }

  channel<Name extends string>(name: Name): Channel<PayloadOf<C, Name>> {
    return makeChannel(name, this.#channelDeps);
  }

  async call<Method extends keyof C["calls"] & string>(
    method: Method,
    input: C["calls"][Method]["input"],
    options: CallOptions = {},
  ): Promise<Outcome<{ readonly data: C["calls"][Method]["output"] }>> {
    this.#link.start();
    const timeoutMs = options.timeoutMs ?? this.#limits.callTimeoutMs;
    const content = input instanceof Uint8Array ? { bytes: input } : { data: input };
    const answer = await this.#asks.ask(
      (id) => ({ type: "call", id, method, ...content, timeoutMs }),
      {
        timeoutMs,
        repeatable: false,
        signal: options.signal,
        cancel: (id) => void this.#link.send({ type: "cancel", call: id }),
      },
    );
    if (!answer.ok) return answer;
    const { message } = answer;
    if (message.type !== "result") return failure("internal", "The answer is not a result.");
    return { ok: true, data: message.bytes ?? message.data };
  }

  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): Off {
    return this.#emitter.on(name, listener);
  }

  close(): void {
    this.#link.close();
  }

  #presence(channel: string): ChannelPresence {
    const found = this.#presences.get(channel);
    if (found !== undefined) return found;
    for (const [name, presence] of this.#presences) if (presence.idle) this.#presences.delete(name);
    const presence = new ChannelPresence(channel, {
      ...this.#options,
      requests: this.#requests,
      asks: this.#asks,
      onError: (error) => this.#report(error),
      onHandlerError: (cause) => this.#report(handlerFailed(cause)),
    });
    this.#presences.set(channel, presence);
    this.#link.start();
    return presence;
  }

  #opened(): void {
    this.#subscriptions.opened();
    for (const presence of this.#presences.values()) presence.opened();
    this.#asks.opened();
    this.#publisher.opened();
  }

  #lost(): void {
    this.#requests.lost();
    this.#refresher.lost();
    this.#subscriptions.lost();
    for (const presence of this.#presences.values()) presence.lost();
    this.#asks.lost();
    this.#publisher.lost();
  }

  #closed(error: HoldfastError | undefined): void {
    const reason: Failure = error
      ? { ...failure("closed", error.message), code: error.code }
      : failure("closed");
    this.#lost();
    this.#wakes.stop();
    this.#subscriptions.closed(error);
    this.#asks.closed(reason);
    this.#publisher.closed(reason);
  }

  #take(message: DownMessage): void {
    switch (message.type) {
      case "publication":
      case "ephemeral":
      case "reset":
        this.#subscriptions.handle(message);
        return;
      case "presence_change":
        this.#presences.get(message.channel)?.changed(message);
        return;
      case "expiring":
        this.#refresher.expiring();
        return;
      default:
    }
    if (this.#requests.handle(message)) return;
    const isPush = message.type === "unsubscribed" && message.code !== undefined;
    // Without an id it announces that a live subscription goes on under a new epoch.
    if (isPush || (message.type === "subscribed" && message.id === undefined)) {
      this.#subscriptions.handle(message);
    } else if (message.type === "presence") {
      this.#presences.get(message.channel)?.listed(message);
    } else if (message.type === "error" && message.id === undefined) {
      this.#report(new HoldfastError({ ...message, ok: false }));
    } else this.#refuseRequest(message);
  }

  /** Requests of a newer gateway: it must not wait for an answer in vain. */
  #refuseRequest(message: { readonly type: string; readonly id?: unknown }): void {
    if (message.type !== "call" && message.type !== "receipt") return;
    if (typeof message.id !== "number") return;
    const { code, ...rest } = failure("unsupported");
    this.#link.send({
      type: "error",
      id: message.id,
      code,
      message: rest.message,
      retryable: false,
    });
  }

  #report(error: HoldfastError): void {
    this.#emitter.emit("error", error);
  }
}

/** Makes a client out of its parts. Nothing in it reads a clock, chance or a socket of its own. */
export function createClient<T = unknown>(options: CreateClientOptions): Client<ContractOf<T>> {
  return new ClientSession<ContractOf<T>>(options);
}

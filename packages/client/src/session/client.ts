import type {
  Connected,
  Contract,
  ContractOf,
  DownMessage,
  Failure,
  Outcome,
  PayloadOf,
  PublishedOf,
} from "@holdfast/protocol";
import { Emitter, type Off } from "../emitter.js";
import { HoldfastError, handlerFailed } from "../errors.js";
import { failed, failure } from "../failures.js";
import { given } from "../given.js";
import { type CreateClientOptions, defaultLimits, type Settings } from "../options.js";
import { type ClientState, Link } from "../socket/link.js";
import { WakeWatch } from "../socket/wake.js";
import { Asks } from "./asks.js";
import { type Channel, type ChannelParts, makeChannel } from "./channel.js";
import { Presences } from "./presences.js";
import { Publisher } from "./publisher.js";
import { Refresher } from "./refresher.js";
import { answerOf, Requests } from "./requests.js";
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
  channel<Name extends string>(name: Name): Channel<PayloadOf<C, Name>, PublishedOf<C, Name>>;
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

/** What shares the fate of the connection. */
interface Part {
  /** There is a connection, and its socket has room: sends what waits. */
  pump?(): void;
  lost(): void;
  /** The client has ended: what waits ends with `reason`. */
  closed?(reason: Failure, error: HoldfastError | undefined): void;
}

interface Parts extends ChannelParts {
  readonly requests: Requests;
  readonly refresher: Refresher;
}

class ClientSession<C extends Contract> implements Client<C> {
  readonly #settings: Settings;
  readonly #emitter = new Emitter<ClientEvents>((cause) => this.#report(handlerFailed(cause)));
  readonly #link: Link;
  /** In the order in which they hear of the connection. */
  readonly #parts: Parts;
  #connected: Connected | undefined;
  #reporting = false;

  constructor(options: CreateClientOptions) {
    // An option that is there and undefined is one that was left out.
    const settings = { ...defaultLimits, ...given(options) };
    const report = (error: HoldfastError) => this.#report(error);
    const link = new Link(settings, {
      state: (state) => {
        // Who the client is stays known while it is away.
        this.#connected = link.connected ?? this.#connected;
        this.#emitter.emit("state", state);
      },
      opened: () => this.#each((part) => part.pump?.()),
      message: (message) => this.#take(message),
      lost: () => this.#each((part) => part.lost()),
      closed: (error) => {
        wakes.stop();
        const reason = error ? failed(error.code, error.message) : failure("closed");
        this.#each((part) => part.closed?.(reason, error));
        this.#each((part) => part.lost());
      },
      error: report,
    });
    const wakes = new WakeWatch(settings, link);
    const requests = new Requests(link, settings, () => this.#each((part) => part.pump?.()));
    const shared = { settings, wire: link, requests, report };
    const asks = new Asks(shared);
    this.#settings = settings;
    this.#link = link;
    this.#parts = {
      requests,
      refresher: new Refresher(shared),
      subscriptions: new Subscriptions(shared),
      presences: new Presences(shared, asks),
      asks,
      publisher: new Publisher(shared),
    };
    // Not at once: whoever made the client listens to its states first.
    if (settings.autoConnect ?? true) settings.clock.soon(() => link.start());
  }

  get state(): ClientState {
    return this.#link.state;
  }

  get member(): string | undefined {
    return this.#connected?.member;
  }

  get user(): string | undefined {
    return this.#connected?.user;
  }

  channel<Name extends string>(name: Name): Channel<PayloadOf<C, Name>, PublishedOf<C, Name>> {
    return makeChannel(name, this.#settings, this.#parts);
  }

  async call<Method extends keyof C["calls"] & string>(
    method: Method,
    input: C["calls"][Method]["input"],
    options: CallOptions = {},
  ): Promise<Outcome<{ readonly data: C["calls"][Method]["output"] }>> {
    const { timeoutMs = this.#settings.callTimeoutMs, signal } = options;
    const content = input instanceof Uint8Array ? { bytes: input } : { data: input };
    const answer = answerOf(
      await this.#parts.asks.ask((id) => ({ type: "call", id, method, ...content, timeoutMs }), {
        timeoutMs,
        repeatable: false,
        signal,
        cancel: (id) => void this.#link.send({ type: "cancel", call: id }),
      }),
      "result",
    );
    if (!answer.ok) return answer;
    const { data, bytes } = answer.message;
    return { ok: true, data: bytes ?? data };
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

  #each(tell: (part: Part) => void): void {
    for (const part of Object.values<Part>({ ...this.#parts })) tell(part);
  }

  #take(message: DownMessage): void {
    const { type, id } = message as { readonly type: string; readonly id?: unknown };
    // Requests of a newer gateway, in an id space of their own: it must not wait for an answer in vain.
    const { requests, refresher, subscriptions, presences } = this.#parts;
    if (type === "call" || type === "receipt") this.#refuse(id);
    else if (requests.handle(message)) return;
    else if (message.type === "error") {
      if (id === undefined) this.#report(new HoldfastError(message));
    } else if (message.type === "expiring") refresher.expiring();
    else if ("channel" in message) {
      subscriptions.handle(message);
      presences.handle(message);
    }
  }

  #refuse(id: unknown): void {
    const { ok, ...refusal } = failure("unsupported");
    if (typeof id === "number") this.#link.send({ ...refusal, type: "error", id });
  }

  #report(error: HoldfastError): void {
    if (this.#reporting) {
      // A listener of errors that fails itself: the platform's to show.
      this.#settings.clock.soon(() => {
        throw error;
      });
      return;
    }
    this.#reporting = true;
    this.#emitter.emit("error", error);
    this.#reporting = false;
  }
}

/** Makes a client out of its parts. Nothing in it reads a clock, chance or a socket of its own. */
export function createClient<T = unknown>(options: CreateClientOptions): Client<ContractOf<T>> {
  return new ClientSession<ContractOf<T>>(options);
}

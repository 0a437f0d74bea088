import type { Timer } from "@holdfast/core";
import {
  type Connected,
  type DownMessage,
  type Failure,
  shouldReconnect,
  type UpMessage,
} from "@holdfast/protocol";
import { HoldfastError } from "../errors.js";
import { failure, messageOf } from "../failures.js";
import type { ClientLimits, CreateClientOptions } from "../options.js";
import { Backoff } from "./backoff.js";
import { Connection, type ConnectionEnd } from "./connection.js";
import { askToken } from "./token.js";
import { Watchdog } from "./watchdog.js";

/** Where the client stands. */
export interface ClientState {
  readonly now: "idle" | "connecting" | "open" | "waiting" | "closed";
  /** Tries since the last stable connection, this one included. */
  readonly attempt: number;
  /** Time until the next try, in milliseconds; only while waiting. */
  readonly nextTryMs?: number;
  /** Why the last connection ended. */
  readonly reason?: string;
  /** Why the client is closed, unless the application asked for it. */
  readonly error?: HoldfastError;
}

/** What the link tells the session. */
export interface LinkEvents {
  state(state: ClientState): void;
  /** The session is open, and everybody was told so. */
  opened(): void;
  message(message: DownMessage): void;
  /** An open connection is gone; another one may follow. */
  lost(): void;
  /** The end: no connection follows. */
  closed(error: HoldfastError | undefined): void;
  error(error: HoldfastError): void;
}

type Now = ClientState["now"];
const transitions: Readonly<Record<Now, readonly Now[]>> = {
  idle: ["connecting", "closed"],
  connecting: ["open", "waiting", "closed"],
  open: ["waiting", "closed"],
  waiting: ["connecting", "closed"],
  closed: [],
};

type LinkOptions = CreateClientOptions & ClientLimits;

/** Keeps one connection open: dials, waits, dials again, until it is closed. */
export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #backoff: Backoff;
  /** Names this client to the gateway across reconnects. Unguessable, never logged. */
  readonly #session: string;
  #state: ClientState = { now: "idle", attempt: 0 };
  #connection: Connection | undefined;
  #watchdog: Watchdog | undefined;
  #connected: Connected | undefined;
  #abort: AbortController | undefined;
  #timer: Timer | undefined;
  #notBeforeMs = 0;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#backoff = new Backoff(options.random, options.backoffMinMs, options.backoffMaxMs);
    this.#session = options.random.id(32);
  }

  get state(): ClientState {
    return this.#state;
  }

  /** What the gateway said of the open session, known before the state says `open`; `undefined` while there is none. */
  get connected(): Connected | undefined {
    return this.#connected;
  }

  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? 0;
  }

  /** Begins, if nothing began yet. */
  start(): void {
    if (this.#state.now === "idle") this.#attempt();
  }

  /** Sends on the open connection, or says that there is none. */
  send(message: UpMessage | DownMessage): boolean {
    return this.#connected !== undefined && this.#connection?.send(message) === true;
  }

  /** Gives the connection up and makes another. */
  drop(reason: string): void {
    this.#connection?.drop(reason);
  }

  /** Asks an open connection for a sign of life. */
  probe(): void {
    this.#watchdog?.check();
  }

  /** The device woke or the network changed: timers and sockets may have lied. */
  wake(): void {
    if (this.#state.now === "open") this.probe();
    // Advice still binds: a woken herd is a herd.
    if (this.#state.now !== "waiting") return;
    if (this.#options.clock.monoMs() >= this.#notBeforeMs) this.#attempt();
  }

  /** Ends for good. */
  close(error?: HoldfastError): void {
    if (this.#state.now === "closed") return;
    const reason = error?.code ?? "closed";
    this.#timer?.cancel();
    this.#abort?.abort();
    this.#watchdog?.stop();
    this.#watchdog = undefined;
    this.#connected = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#move({ now: "closed", attempt: this.#state.attempt, reason, ...(error && { error }) });
    connection?.close();
    this.#events.closed(error);
  }

  #move(state: ClientState): void {
    if (!transitions[this.#state.now].includes(state.now)) {
      throw new Error(`A link cannot go from ${this.#state.now} to ${state.now}.`);
    }
    this.#state = state;
    this.#events.state(state);
  }

  #attempt(): void {
    this.#timer?.cancel();
    this.#move({ now: "connecting", attempt: this.#backoff.failures + 1 });
    if (this.#state.now !== "connecting") return;
    const { getToken, clock, connectTimeoutMs } = this.#options;
    if (getToken === undefined) {
      this.#dial(undefined);
      return;
    }
    const abort = new AbortController();
    this.#abort = abort;
    const current = () => this.#abort === abort && this.#state.now === "connecting";
    askToken(getToken, clock, connectTimeoutMs, abort).then(
      (token) => current() && this.#dial(token),
      (cause) => current() && this.#tokenFailed(cause),
    );
  }

  #tokenFailed(cause: unknown): void {
    if (cause instanceof HoldfastError && !cause.retryable) {
      this.close(cause);
      return;
    }
    const message = messageOf(cause);
    const reason: Failure = { ...failure("unauthorized", message), retryable: true };
    this.#events.error(new HoldfastError(reason, { cause }));
    if (this.#state.now === "connecting") this.#wait("no_token", {});
  }

  #dial(token: string | undefined): void {
    const connection = new Connection(
      { ...this.#options, token, session: this.#session },
      {
        opened: (connected) => this.#opened(connected),
        heard: () => this.#watchdog?.heard(),
        message: (message) => this.#events.message(message),
        ended: (end) => this.#connection === connection && this.#ended(end),
      },
    );
    this.#connection = connection;
    connection.open();
  }

  #opened(connected: Connected): void {
    const { clock, stableMs, probeTimeoutMs } = this.#options;
    const { pingIntervalMs, pongTimeoutMs } = connected;
    this.#connected = connected;
    this.#watchdog = new Watchdog({
      clock,
      limitMs: pingIntervalMs > 0 ? pingIntervalMs + pongTimeoutMs : 0,
      probeTimeoutMs,
      probe: () => this.send({ type: "ping" }),
      onSilent: () => this.drop("silent"),
    });
    this.#timer = clock.after(stableMs, () => this.#backoff.reset());
    this.#move({ now: "open", attempt: this.#backoff.failures + 1 });
    if (this.#connected === connected) this.#events.opened();
  }

  #ended(end: ConnectionEnd): void {
    const wasOpen = this.#connected !== undefined;
    this.#connection = undefined;
    this.#connected = undefined;
    this.#watchdog?.stop();
    this.#watchdog = undefined;
    this.#timer?.cancel();
    if (wasOpen) this.#events.lost();
    if (this.#state.now === "closed") return;
    const terminal = terminalError(end);
    if (terminal !== undefined) {
      this.close(terminal);
      return;
    }
    this.#wait(
      end.advice?.reason ?? (end.reason || `close_${end.code}`),
      end.refusal ?? end.advice ?? {},
    );
  }

  #wait(reason: string, advice: { retryAfterMs?: number; spreadMs?: number }): void {
    const { clock } = this.#options;
    const nextTryMs = this.#backoff.next(advice);
    this.#notBeforeMs = advice.retryAfterMs === undefined ? 0 : clock.monoMs() + nextTryMs;
    this.#timer = clock.after(nextTryMs, () => this.#attempt());
    this.#move({ now: "waiting", attempt: this.#backoff.failures, nextTryMs, reason });
  }
}

/** The error that forbids another try, or `undefined` when one is due. */
function terminalError({
  code,
  reason,
  advice,
  refusal,
  cause,
}: ConnectionEnd): HoldfastError | undefined {
  if (cause !== undefined) {
    return new HoldfastError(failure("invalid_field", "The URL cannot be opened."), { cause });
  }
  if (refusal !== undefined) {
    // An expired token is cured by the next getToken().
    if (refusal.retryable || refusal.code === "token_expired") return undefined;
    return new HoldfastError({ ...refusal, ok: false });
  }
  if (advice?.reconnect ?? shouldReconnect(code)) return undefined;
  const name = advice?.reason ?? (reason || "closed");
  const message = `The gateway ended the connection for good: ${name} (${code}).`;
  return new HoldfastError({ ok: false, code: name, message, retryable: false });
}

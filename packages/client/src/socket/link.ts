import {
  type Connected,
  type DownMessage,
  shouldReconnect,
  type UpMessage,
} from "@holdfast/protocol";
import { HoldfastError } from "../errors.js";
import { failed, failure } from "../failures.js";
import { given } from "../given.js";
import type { Settings } from "../options.js";
import { type Advice, Backoff } from "./backoff.js";
import { Connection, type ConnectionEnd } from "./connection.js";
import { askToken } from "./token.js";
import { Watchdog } from "./watchdog.js";

/** Where the client stands. */
export interface ClientState {
  readonly now: "idle" | "connecting" | "open" | "waiting" | "closed";
  /** Tries since the last stable connection or the return of the network, this one included. */
  readonly attempt: number;
  /** Time until the next try, in milliseconds; only while waiting, and absent while there is no network. */
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
  waiting: ["waiting", "connecting", "closed"],
  closed: [],
};

/** Keeps one connection open: dials, waits, dials again, until it is closed. */
export class Link {
  readonly #settings: Settings;
  readonly #events: LinkEvents;
  /** Waits for the next try; while open, for the connection to have been good. */
  readonly #backoff: Backoff;
  /** Names this client to the gateway across reconnects. Unguessable, never logged. */
  readonly #session: string;
  #dials = 0;
  #state: ClientState = { now: "idle", attempt: 0 };
  #connection: Connection | undefined;
  #watchdog: Watchdog | undefined;
  #connected: Connected | undefined;
  #stopAsking: (() => void) | undefined;
  /** Advice binds until then, whatever wakes the client. */
  #notBeforeMs = 0;
  /** The gateway has been reached while the platform said that there is no network. */
  #reachedOffline = false;

  constructor(settings: Settings, events: LinkEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#backoff = new Backoff(settings, settings.backoffMinMs, settings.backoffMaxMs);
    this.#session = settings.random.id(32);
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

  /** The answer to what was sent at `sentMs` did not come in time: is the gateway still there? */
  late(sentMs: number): void {
    // On a slow way up the question would wait behind what is not sent yet.
    if (this.bufferedBytes > 0) return;
    // One that has said something since then is slow: all who give it up at once would make it slower.
    if (this.#watchdog?.isSilentSince(sentMs) === true) this.#watchdog.check();
  }

  /** Gives the connection up and makes another. */
  drop(reason: string): void {
    this.#connection?.drop(reason);
  }

  /** The device woke or the page is seen again: timers and sockets may have lied. */
  wake(): void {
    if (this.#isOffline) this.offline();
    else this.#hurry(false);
  }

  /** There is a network again, or another one: what failed without it says nothing. */
  online(): void {
    this.#hurry(true);
  }

  /** There is no network: no try can succeed, and an open connection has to prove itself. */
  offline(): void {
    this.#watchdog?.check();
    const { now, reason } = this.#state;
    if (now === "waiting" && this.#backoff.waiting) this.#pause(reason);
  }

  get #isOffline(): boolean {
    return !this.#reachedOffline && this.#settings.events?.isOnline() === false;
  }

  #hurry(afresh: boolean): void {
    this.#watchdog?.check();
    const { now, reason } = this.#state;
    if (now !== "waiting") return;
    // Advice still binds: a woken herd is a herd.
    const leftMs = this.#notBeforeMs - this.#settings.clock.monoMs();
    if (leftMs > 0) {
      if (!this.#backoff.waiting) this.#pause(reason, leftMs);
      return;
    }
    if (afresh) this.#backoff.reset();
    this.#attempt();
  }

  /** Ends for good. */
  close(error?: HoldfastError): void {
    if (this.#state.now === "closed") return;
    const reason = error?.code ?? "closed";
    const connection = this.#connection;
    this.#forget();
    this.#move({ now: "closed", attempt: this.#state.attempt, reason, ...(error && { error }) });
    connection?.close();
    this.#events.closed(error);
  }

  /** Lets go of the connection and of everything that waits. */
  #forget(): void {
    this.#backoff.cancel();
    this.#stopAsking?.();
    this.#watchdog?.stop();
    this.#watchdog = undefined;
    this.#connected = undefined;
    this.#connection = undefined;
  }

  #move(state: ClientState): void {
    if (!transitions[this.#state.now].includes(state.now)) {
      throw new Error(`A link cannot go from ${this.#state.now} to ${state.now}.`);
    }
    this.#state = state;
    this.#events.state(state);
  }

  #attempt(): void {
    this.#backoff.cancel();
    this.#move({ now: "connecting", attempt: this.#backoff.failures + 1 });
    if (this.#state.now !== "connecting") return;
    if (this.#settings.getToken === undefined) {
      this.#dial(undefined);
      return;
    }
    this.#stopAsking = askToken(
      this.#settings,
      (token) => this.#dial(token),
      (error) => this.#tokenFailed(error),
    );
  }

  #tokenFailed(error: HoldfastError): void {
    if (!error.retryable) {
      this.close(error);
      return;
    }
    this.#events.error(error);
    if (this.#state.now === "connecting") this.#wait("no_token", error);
  }

  #dial(token: string | undefined): void {
    this.#dials += 1;
    const connection = new Connection(
      { ...this.#settings, token, session: this.#session, generation: this.#dials },
      {
        opened: (connected) => this.#opened(connected),
        heard: () => this.#watchdog?.heard(),
        message: (message) => this.#message(message),
        ended: (end) => this.#connection === connection && this.#ended(end),
      },
    );
    this.#connection = connection;
    connection.open();
  }

  #message(message: DownMessage): void {
    if (message.type !== "pong") {
      this.#events.message(message);
      return;
    }
    this.#watchdog?.answered();
    this.#reachedOffline ||= this.#isOffline;
  }

  #opened(connected: Connected): void {
    this.#reachedOffline ||= this.#isOffline;
    const { stableMs } = this.#settings;
    const { pingIntervalMs, pongTimeoutMs } = connected;
    this.#connected = connected;
    this.#watchdog = new Watchdog(
      this.#settings,
      pingIntervalMs > 0 ? pingIntervalMs + pongTimeoutMs : 0,
      () => this.send({ type: "ping" }),
      () => this.drop("silent"),
    );
    this.#backoff.after(stableMs, () => this.#backoff.reset());
    this.#move({ now: "open", attempt: this.#backoff.failures + 1 });
    if (this.#connected === connected) this.#events.opened();
  }

  #ended(end: ConnectionEnd): void {
    const wasOpen = this.#connected !== undefined;
    this.#forget();
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

  #wait(reason: string, advice: Advice): void {
    const delayMs = this.#backoff.delay(advice);
    const advised = advice.retryAfterMs !== undefined;
    this.#notBeforeMs = advised ? this.#settings.clock.monoMs() + delayMs : 0;
    this.#pause(reason, this.#isOffline ? undefined : delayMs);
  }

  /** Waits for the next try; without a delay, for the network. */
  #pause(reason: string | undefined, nextTryMs?: number): void {
    this.#backoff.cancel();
    if (nextTryMs !== undefined) this.#backoff.after(nextTryMs, () => this.#attempt());
    const attempt = this.#backoff.failures;
    this.#move({ now: "waiting", attempt, ...given({ nextTryMs, reason }) });
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
    return new HoldfastError(failure("invalid_field"), { cause });
  }
  if (refusal !== undefined) {
    // An expired token is cured by the next getToken().
    if (refusal.retryable || refusal.code === "token_expired") return undefined;
    return new HoldfastError(refusal);
  }
  if (advice?.reconnect ?? shouldReconnect(code)) return undefined;
  const name = advice?.reason ?? (reason || "closed");
  const message = `The gateway ended the connection for good: ${name} (${code}).`;
  return new HoldfastError(failed(name, message));
}

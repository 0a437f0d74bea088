import type { Timer } from "@holdfast/core";
import { type CloseCode, failure, type Identity, type UpMessage } from "@holdfast/protocol";
import type { Handshake } from "../transport.js";
import { Backlog } from "./backlog.js";
import { type Advice, closeCode } from "./closing.js";
import type { Credentials } from "./credentials.js";
import type { Peer } from "./peer.js";
import type { SessionState } from "./state.js";

export type Connect = Extract<UpMessage, { type: "connect" }>;

/** The connection that is to be opened. */
export interface Opened extends Peer {
  readonly state: SessionState;
  /** Its credentials are being judged from here on. */
  authenticating(): void;
  open(identity: Identity, connect: Partial<Connect>): void;
  end(code: CloseCode, advice?: Advice): void;
}

/** The way of one connection to being open: it names itself in time, and what it asks for waits. */
export class Opening {
  readonly #opened: Opened;
  readonly #handshake: Handshake;
  readonly #credentials: Credentials;
  /** Absent while nothing has come early. */
  #backlog: Backlog | undefined;
  readonly #deadline: Timer;
  #awaitsConnect = false;

  constructor(opened: Opened, handshake: Handshake, credentials: Credentials) {
    const { settings, wheel } = opened.shared;
    this.#opened = opened;
    this.#handshake = handshake;
    this.#credentials = credentials;
    this.#deadline = wheel.add(settings.authTimeoutMs, () => opened.end(closeCode.auth_timeout));
  }

  /** Begins; credentials of the handshake are judged without waiting for a first command. */
  start(): void {
    if (this.#handshake.token === undefined) return;
    this.#awaitsConnect = true;
    this.#authenticate(this.#handshake.token, {});
  }

  /** A command before the session is open. */
  take(command: UpMessage, bytes: number): void {
    const isFirst = this.#opened.state === "opening";
    if (isFirst && command.type === "connect") {
      this.#authenticate(command.token, command);
      return;
    }
    const { maxEarlyBytes, maxEarlyMessages } = this.#opened.shared.settings;
    this.#backlog ??= new Backlog(maxEarlyMessages, maxEarlyBytes);
    if (!this.#backlog.add(command, bytes)) {
      const message = "Too many commands before authentication.";
      this.#opened.refuse(command, failure("limit_exceeded", message));
      this.#opened.end(closeCode.rate_limited, { retryAfterMs: 1_000 });
      return;
    }
    if (isFirst) this.#authenticate(undefined, {});
  }

  /** Named in time; gives the commands that waited. */
  met(): readonly UpMessage[] {
    this.#deadline.cancel();
    return this.#backlog?.take() ?? [];
  }

  /** The session opened by itself, so that a first `connect` may still come. */
  get awaitsConnect(): boolean {
    return this.#awaitsConnect;
  }

  /** A `connect` after the handshake's token has opened the session already; false: one too many. */
  late({ token }: Connect): boolean {
    const isSame = token === undefined || token === this.#handshake.token;
    if (!this.#awaitsConnect || !isSame) return false;
    return true;
  }

  end(): void {
    this.#deadline.cancel();
    this.#backlog = undefined;
  }

  #authenticate(token: string | undefined, connect: Partial<Connect>): void {
    this.#opened.authenticating();
    this.#credentials.judge(token ?? this.#handshake.token, (outcome) => {
      if (outcome.ok) this.#opened.open(outcome.identity, connect);
      else {
        const isOverloaded = outcome.code === closeCode.overloaded;
        const advice = isOverloaded ? { retryAfterMs: 1_000, spreadMs: 5_000 } : {};
        this.#opened.end(outcome.code, advice);
      }
    });
  }
}

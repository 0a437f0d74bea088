import type { Timer } from "@holdfast/core";
import {
  type CloseCode,
  type DownMessage,
  type Failure,
  failure,
  type Identity,
  type Payload,
  type UpMessage,
} from "@holdfast/protocol";
import { parseUp } from "@holdfast/protocol/schemas";
import { textOf } from "../hub/ask.js";
import { sizeOf } from "../hub/encoded.js";
import type { Subscription } from "../hub/subscription.js";
import { type Connection, Frame, type Handshake, type Transport } from "../transport.js";
import { networkOf } from "./arrivals.js";
import { type Authenticated, authenticate } from "./authentication.js";
import { Authorizer } from "./authorizer.js";
import { Backlog } from "./backlog.js";
import {
  type Advice,
  discards,
  disconnectOf,
  idleAdvice,
  nameOf,
  overLimitAdvice,
} from "./closing.js";
import { Commands, type OwnCommand } from "./commands.js";
import { DoorKeeper } from "./door.js";
import { Expiry } from "./expiry.js";
import { Heartbeat } from "./heartbeat.js";
import { memberOf } from "./identity.js";
import { Idleness } from "./idleness.js";
import { Lanes } from "./lanes.js";
import type { MemberHolder } from "./members.js";
import { Outbox, type OutboxOwner } from "./outbox.js";
import { idOf, type Peer, type Request } from "./peer.js";
import { PeriodicRecheck, recheckQuietly, recheckSubscriptions, withdraw } from "./revocation.js";
import type { Shared } from "./shared.js";
import { StateMachine } from "./state.js";
import { endSubscription } from "./subscribing.js";

/** Requests of one connection that carry an `id` and have not been answered. */
const MAX_OUTSTANDING_REQUESTS = 4_096;
/** Commands of one connection that wait for an earlier one on the same channel. */
const MAX_WAITING_COMMANDS = 1_024;

type Connect = Extract<UpMessage, { type: "connect" }>;

/** One connection from its socket's opening to its end. */
export class Session implements Connection, Peer, MemberHolder, OutboxOwner {
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly lanes = new Lanes(MAX_WAITING_COMMANDS);
  readonly subscriptions = new Map<string, Subscription>();
  authorizer: Authorizer;
  user: string | undefined;
  /** Set while the session is open. */
  identity: Identity | undefined;
  member = "";
  readonly #transport: Transport;
  readonly #handshake: Handshake;
  readonly #gone: (session: Session, code: number) => void;
  readonly #state = new StateMachine();
  readonly #door: DoorKeeper;
  readonly #network: string;
  readonly #backlog: Backlog;
  readonly #commands: Commands;
  readonly #expiry: Expiry;
  readonly #deadline: Timer;
  readonly #outstanding = new Set<number>();
  #heartbeat: Heartbeat | undefined;
  #idleness: Idleness | undefined;
  #periodicRecheck: PeriodicRecheck | undefined;
  /** Gives up judging credentials. */
  #abortAuthentication: (() => void) | undefined;
  /** The session opened by itself, so that a first `connect` may still come. */
  #awaitsConnect = false;
  #isCounted = false;

  constructor(
    shared: Shared,
    transport: Transport,
    handshake: Handshake,
    gone: (session: Session, code: number) => void,
  ) {
    const { clock, settings, wheel } = shared;
    this.shared = shared;
    this.#transport = transport;
    this.#handshake = handshake;
    this.#gone = gone;
    this.authorizer = new Authorizer(shared, undefined, undefined);
    this.outbox = new Outbox(transport, shared.flushes, settings, this);
    this.#door = new DoorKeeper(clock, settings);
    this.#network = networkOf(handshake.remoteAddress ?? "");
    this.#door.share(shared.addressRates.join(this.#network));
    this.#backlog = new Backlog(settings.maxEarlyMessages, settings.maxEarlyBytes);
    this.#commands = new Commands(this, (command) => this.#own(command));
    this.#expiry = new Expiry(clock, wheel, shared.wallWatch, {
      expiring: (inMs) => this.send({ type: "expiring", inMs }),
      expired: () => this.end(4006),
    });
    this.#deadline = wheel.add(settings.authTimeoutMs, () => this.end(4501));
  }

  /** Begins; credentials of the handshake are judged without waiting for a first command. */
  start(): void {
    if (this.#handshake.token === undefined) return;
    this.#awaitsConnect = true;
    this.#authenticate(this.#handshake.token, {});
  }

  get ended(): boolean {
    return this.#state.ended;
  }

  receive(payload: Payload, bytes = sizeOf(payload)): void {
    if (this.ended) return;
    this.#heartbeat?.alive();
    try {
      this.#receive(payload, bytes);
    } catch (error) {
      this.shared.logger.error("session failed", {
        error: error instanceof Error ? (error.stack ?? error.message) : textOf(error),
      });
      this.end(4008);
    }
  }

  ponged(): void {
    this.#heartbeat?.alive();
  }

  drained(): void {
    this.outbox.drained();
  }

  closed(code: number): void {
    if (this.#state.current === "closed") return;
    if (!this.ended) this.#release();
    this.#state.to("closed");
    this.outbox.finish(undefined, true);
    this.#gone(this, code);
  }

  /** Closes the connection, with advice before the close. Calling again does nothing. */
  end(code: CloseCode, advice: Advice = {}): void {
    if (this.ended) return;
    this.#release();
    this.#state.to("closing");
    this.outbox.finish(this.#frame(disconnectOf(code, advice)), discards(code));
    this.#transport.close(code, nameOf(code));
  }

  /** A permission may have been withdrawn: asks again, for one channel or all. */
  recheck(channel?: string): void {
    if (this.#state.current !== "open") return;
    this.authorizer.forget();
    recheckSubscriptions(this, channel);
    this.#commands.recheck();
  }

  /** Ends what there is with a channel: the subscription, being a member, and watching. */
  unsubscribe(channel: string): void {
    if (this.#state.current !== "open") return;
    withdraw(this, channel, failure("forbidden", "The application ended this subscription."));
    this.#commands.withdraw(channel);
  }

  replaced(): void {
    this.end(4503);
  }

  /** Destroys the socket of a connection that does not go by itself. */
  terminate(): void {
    this.#transport.terminate();
  }

  send(message: DownMessage): void {
    if (this.ended) return;
    if ("id" in message) this.answered(message);
    this.outbox.control(this.#frame(message));
  }

  answered({ id }: { readonly id?: unknown }): void {
    if (typeof id === "number") this.#outstanding.delete(id);
  }

  refuse(request: Request, why: Failure): void {
    if (this.ended) return;
    const { code, message, retryable, retryAfterMs, field } = why;
    this.shared.metrics.error(code);
    this.send({
      type: "error",
      ...idOf(request),
      code,
      message,
      retryable,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(field === undefined ? {} : { field }),
      ...(request.channel === undefined ? {} : { channel: request.channel }),
    });
    if (!this.#door.forgive(why)) this.end(4502);
  }

  #receive(payload: Payload, bytes: number): void {
    const { settings } = this.shared;
    if (bytes > settings.maxMessageBytes) {
      this.refuse(
        {},
        failure("too_large", `A message may have ${settings.maxMessageBytes} bytes.`),
      );
      return;
    }
    // The frame's bytes count with its first command.
    let uncounted = bytes;
    for (const value of this.#transport.codec.decode(payload, settings.maxMessagesPerFrame)) {
      if (this.ended) return;
      this.#take(value, uncounted);
      uncounted = 0;
    }
  }

  #take(value: unknown, bytes: number): void {
    if (!this.#door.admit(bytes)) {
      const { flooded, retryAfterMs } = this.#door;
      if (flooded) this.end(4007, { retryAfterMs: Math.max(1_000, retryAfterMs) });
      else this.refuse(addressOf(value), failure("rate_limited", undefined, { retryAfterMs }));
      return;
    }
    const parsed = parseUp(value, this.shared.settings);
    if (!parsed.ok) {
      const { code, message, field } = parsed;
      this.refuse(parsed, failure(code, message, field === undefined ? {} : { field }));
      return;
    }
    const { message } = parsed;
    if ("id" in message && message.id !== undefined && !this.#register(message.id)) return;
    if (message.type !== "ping" && message.type !== "pong") this.#idleness?.used();
    if (this.#state.current === "open") this.#commands.run(message);
    else this.#beforeOpen(message, bytes);
  }

  /** Request ids are unique while outstanding; false: refused. Its `id` would name the other request. */
  #register(id: number): boolean {
    if (this.#outstanding.has(id)) {
      const message = `Request ${id} is still outstanding.`;
      this.refuse({}, failure("duplicate_id", message, { field: "/id" }));
      return false;
    }
    if (this.#outstanding.size >= MAX_OUTSTANDING_REQUESTS) {
      const message = "Too many requests of this connection are outstanding.";
      this.refuse({ id }, failure("busy", message, { retryAfterMs: 1_000 }));
      return false;
    }
    this.#outstanding.add(id);
    return true;
  }

  #beforeOpen(command: UpMessage, bytes: number): void {
    const isFirst = this.#state.current === "opening";
    if (isFirst && command.type === "connect") {
      this.#authenticate(command.token, command);
      return;
    }
    if (!this.#backlog.add(command, bytes)) {
      this.refuse(command, failure("limit_exceeded", "Too many commands before authentication."));
      this.end(4007, { retryAfterMs: 1_000 });
      return;
    }
    if (isFirst) this.#authenticate(undefined, {});
  }

  #authenticate(token: string | undefined, connect: Partial<Connect>): void {
    this.#state.to("authenticating");
    const credentials = token ?? this.#handshake.token;
    this.#judge(credentials, (outcome) => {
      if (outcome.ok) this.#open(outcome.identity, connect);
      else
        this.end(
          outcome.code,
          outcome.code === 4003 ? { retryAfterMs: 1_000, spreadMs: 5_000 } : {},
        );
    });
  }

  #judge(token: string | undefined, done: (outcome: Authenticated) => void): void {
    let over = false;
    const abort = authenticate(this.shared, this.#handshake, token, (outcome) => {
      over = true;
      this.#abortAuthentication = undefined;
      if (!this.ended) done(outcome);
    });
    if (!over) this.#abortAuthentication = abort;
  }

  #open(identity: Identity, connect: Partial<Connect>): void {
    const { random, settings, wheel } = this.shared;
    this.user = identity.user;
    // First, so that a connection that takes another's place does not count beside it.
    this.#become(connect);
    if (!this.#countUser()) return;
    this.#deadline.cancel();
    this.#state.to("open");
    this.#trust(identity);
    this.#idleness = new Idleness(
      wheel,
      settings.idleTimeoutMs,
      () => this.subscriptions.size > 0 || this.#commands.isHolding,
      () => this.end(4009, idleAdvice),
    );
    this.#heartbeat = new Heartbeat(wheel, random, settings, {
      ping: () => this.#ping(),
      stopped: () => this.#stopped(),
    });
    const { authorizeRecheckMs } = settings;
    if (this.shared.authorize !== undefined && authorizeRecheckMs > 0) {
      this.#periodicRecheck = new PeriodicRecheck(wheel, random, authorizeRecheckMs, () =>
        recheckQuietly(this),
      );
    }
    this.#greet(connect.id);
    for (const command of this.#backlog.take()) {
      if (this.ended) return;
      this.#commands.run(command);
    }
  }

  #countUser(): boolean {
    if (this.user === undefined) return true;
    this.#isCounted = this.shared.users.add(this.user);
    if (this.#isCounted) this.#door.share(this.shared.userRates.join(this.user));
    else this.end(4005, overLimitAdvice);
    return this.#isCounted;
  }

  fail(code: CloseCode): void {
    this.end(code);
  }

  /** Nothing is written under credentials that have ended, even where no timer has said so yet. */
  mayWrite(): boolean {
    if (!this.#expiry.over) return true;
    this.end(4006);
    return false;
  }

  /** Takes the member's place that the session's secret names. */
  #become({ session }: Partial<Connect>): void {
    const { members, random } = this.shared;
    members.release(this.member, this);
    this.member = memberOf(this.user, session, random);
    members.claim(this.member, this);
  }

  #trust(identity: Identity): void {
    const { user, can, expiresAtMs } = identity;
    this.identity = identity;
    this.authorizer = new Authorizer(this.shared, user, can);
    this.#expiry.set(expiresAtMs);
    this.outbox.writeUntil(expiresAtMs ?? Number.POSITIVE_INFINITY);
  }

  #greet(id: number | undefined): void {
    const { clock, keyWindowMs, settings } = this.shared;
    this.send({
      type: "connected",
      ...idOf({ id }),
      member: this.member,
      ...(this.user === undefined ? {} : { user: this.user }),
      features: ["state"],
      pingIntervalMs: this.#transport.negotiated ? settings.pingIntervalMs : 0,
      pongTimeoutMs: settings.pongTimeoutMs,
      maxMessageBytes: settings.maxMessageBytes,
      keyWindowMs,
      ...this.#expiresIn(),
      timeMs: clock.wallMs(),
    });
  }

  #expiresIn(): { expiresInMs?: number } {
    const expiresAtMs = this.identity?.expiresAtMs;
    if (expiresAtMs === undefined) return {};
    return { expiresInMs: Math.max(0, Math.round(expiresAtMs - this.shared.clock.wallMs())) };
  }

  #own(command: OwnCommand): void {
    if (command.type === "refresh") this.#refresh(command);
    else this.#connectLate(command);
  }

  /** A `connect` after the handshake's token has opened the session already. */
  #connectLate(command: Connect): void {
    const { token } = command;
    const isSame = token === undefined || token === this.#handshake.token;
    if (!this.#awaitsConnect || !isSame) {
      this.refuse(
        command,
        failure("invalid_field", "The connection is open already.", { field: "/type" }),
      );
      return;
    }
    this.#awaitsConnect = false;
    this.#become(command);
    this.#greet(command.id);
  }

  #refresh(command: Extract<OwnCommand, { type: "refresh" }>): void {
    if (this.#abortAuthentication !== undefined) {
      this.refuse(command, failure("duplicate_id", "Another refresh is still outstanding."));
      return;
    }
    this.#judge(command.token, (outcome) => {
      if (!outcome.ok) {
        const code = outcome.code === 4003 ? "unavailable" : "unauthorized";
        this.refuse(command, failure(code));
      } else if (outcome.identity.user !== this.user) {
        this.refuse(command, failure("unauthorized", "The token is another user's."));
      } else {
        this.#trust(outcome.identity);
        this.send({ type: "refreshed", ...idOf(command), ...this.#expiresIn() });
        recheckSubscriptions(this);
        this.#commands.recheck();
      }
    });
  }

  #ping(): void {
    this.#transport.ping();
    if (this.#transport.negotiated) this.send({ type: "ping" });
  }

  #stopped(): void {
    if (this.ended) return;
    this.#release();
    this.#state.to("closing");
    this.outbox.finish(undefined, true);
    this.#transport.terminate();
  }

  #frame(message: DownMessage): Frame {
    const payload = this.#transport.codec.encode(message);
    return new Frame(payload, sizeOf(payload));
  }

  /** Lets go of everything that outlives the socket otherwise. */
  #release(): void {
    this.#deadline.cancel();
    this.#heartbeat?.stop();
    this.#idleness?.stop();
    this.#expiry.stop();
    this.#periodicRecheck?.stop();
    this.#abortAuthentication?.();
    this.#abortAuthentication = undefined;
    this.#backlog.take();
    this.lanes.end();
    this.authorizer.end();
    for (const channel of [...this.subscriptions.keys()]) endSubscription(this, channel);
    this.#commands.end();
    this.shared.members.release(this.member, this);
    this.shared.addressRates.leave(this.#network);
    if (!this.#isCounted || this.user === undefined) return;
    this.shared.users.remove(this.user);
    this.shared.userRates.leave(this.user);
  }
}

/** What a reply to a command that was not even parsed is addressed by. */
function addressOf(value: unknown): Request {
  if (typeof value !== "object" || value === null || !("id" in value)) return {};
  const { id } = value;
  const isId = typeof id === "number" && Number.isInteger(id) && id >= 1 && id <= 0xffff_ffff;
  return isId ? { id } : {};
}

import {
  type CloseCode,
  type DownMessage,
  type Failure,
  failure,
  type Identity,
  type Payload,
  type UpMessage,
} from "@holdfast/protocol";
import { textOf } from "../hub/ask.js";
import { Encoded, sizeOf } from "../hub/encoded.js";
import { type Connection, Frame, type Handshake, type Transport } from "../transport.js";
import { networkOf } from "./arrivals.js";
import type { Authorizer } from "./authorizer.js";
import {
  type Advice,
  closeCode,
  discards,
  disconnectOf,
  idleAdvice,
  nameOf,
  overLimitAdvice,
} from "./closing.js";
import { Commands } from "./commands.js";
import { type Bearer, Credentials, type Revocable } from "./credentials.js";
import { type Heart, Heartbeat } from "./heartbeat.js";
import { memberOf } from "./identity.js";
import { Intake, type Taker } from "./intake.js";
import type { MemberHolder } from "./members.js";
import { type Connect, type Opened, Opening } from "./opening.js";
import { Outbox, type OutboxOwner } from "./outbox.js";
import type { OwnCommand, Request } from "./peer.js";
import { errorOf, greetingOf } from "./replies.js";
import { recheckSubscriptions, withdraw } from "./revocation.js";
import type { Shared } from "./shared.js";
import { isOver, type SessionState, transition } from "./state.js";
import { endSubscription } from "./subscribing.js";
import { Subscriptions } from "./subscriptions.js";
import { type Kept, Upkeep } from "./upkeep.js";

/** The same for all connections. */
const ping = new Encoded({ type: "ping" });

/** What the parts of one connection know it as. */
type Roles = Taker & Bearer & Opened & Kept & Heart & MemberHolder & OutboxOwner;

/** Who keeps the sessions. */
export interface SessionOwner {
  /** The socket of a session is gone; called exactly once. */
  gone(session: Session, code: number): void;
}

/**
 * One connection from its socket's opening to its end. There are very many of them, quiet most of the
 * time: what hears of its deadlines is the session itself, and what not every connection needs is made
 * when it is first needed.
 */
export class Session implements Connection, Roles {
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly subscriptions = new Subscriptions();
  user: string | undefined;
  member = "";
  generation = 0;
  /** Where the connection came from, as far as it counts for bounds. */
  readonly network: string;
  /** It counts among the connections of its network. */
  isNetworkCounted = false;
  readonly #transport: Transport;
  readonly #owner: SessionOwner;
  #state: SessionState = "opening";
  readonly #intake: Intake;
  readonly #credentials: Credentials;
  /** Absent once there is nothing left to open. */
  #opening: Opening | undefined;
  readonly #commands: Commands;
  /** Set from the opening on. */
  #heartbeat: Heartbeat | undefined;
  /** Set from the opening on, where there is more to look after. */
  #upkeep: Upkeep | undefined;
  #isCounted = false;
  #isEnding = false;

  constructor(shared: Shared, transport: Transport, handshake: Handshake, owner: SessionOwner) {
    this.shared = shared;
    this.#transport = transport;
    this.#owner = owner;
    this.outbox = new Outbox(transport, shared.flushes, shared.settings, this);
    this.network = networkOf(handshake.remoteAddress ?? "");
    const rate = shared.addressRates.join(this.network);
    this.#intake = new Intake(this, rate);
    this.#commands = new Commands(this);
    this.#credentials = new Credentials(this, handshake);
    this.#opening = new Opening(this, handshake, this.#credentials);
  }

  /** Begins; credentials of the handshake are judged without waiting for a first command. */
  start(): void {
    this.#opening?.start();
  }

  get state(): SessionState {
    return this.#state;
  }

  authenticating(): void {
    this.#goTo("authenticating");
  }

  get ended(): boolean {
    return isOver(this.#state);
  }

  /** By what its credentials can be revoked; set while the session is open. */
  get revocable(): Revocable | undefined {
    return this.#credentials.revocable;
  }

  get authorizer(): Authorizer {
    return this.#credentials.authorizer;
  }

  get isHolding(): boolean {
    return this.subscriptions.size > 0 || this.#commands.isHolding;
  }

  receive(payload: Payload, bytes = sizeOf(payload)): void {
    if (this.ended) return;
    this.#heartbeat?.alive();
    try {
      this.#intake.receive(payload, bytes);
    } catch (error) {
      this.shared.logger.error("session failed", {
        error: error instanceof Error ? (error.stack ?? error.message) : textOf(error),
      });
      this.end(closeCode.internal_error);
    }
  }

  ponged(): void {
    this.#heartbeat?.alive();
  }

  drained(): void {
    this.outbox.drained();
  }

  closed(code: number): void {
    if (this.#state === "closed") return;
    if (!this.ended) this.#release();
    this.#goTo("closed");
    this.outbox.finish(undefined, true);
    this.#owner.gone(this, code);
  }

  /** Closes the connection, with advice before the close. Calling again does nothing. */
  end(code: CloseCode, advice: Advice = {}): void {
    if (this.ended || this.#isEnding) return;
    this.#release();
    this.#goTo("closing");
    this.outbox.finish(this.#frame(disconnectOf(code, advice)), discards(code));
    this.#transport.close(code, nameOf(code));
  }

  /** A permission may have been withdrawn: asks again, for one channel or all. */
  recheck(channel?: string): void {
    if (this.#state !== "open") return;
    this.authorizer.forget();
    recheckSubscriptions(this, channel);
    this.#commands.recheck();
  }

  recheckAll(): void {
    recheckSubscriptions(this);
    this.#commands.recheck();
  }

  /** Ends what there is with a channel: the subscription, being a member, and watching. */
  unsubscribe(channel: string): void {
    if (this.#state !== "open") return;
    const why = failure("forbidden", "The application ended this subscription.");
    withdraw(this, channel, why);
    this.#commands.withdraw(channel, why);
  }

  /** The wall clock was set, or the machine has slept. */
  wallJumped(): void {
    this.#credentials.wallJumped();
  }

  replaced(): void {
    this.end(closeCode.replaced);
  }

  expiring(inMs: number): void {
    this.send({ type: "expiring", inMs });
  }

  expired(): void {
    this.end(closeCode.token_expired);
  }

  idle(): void {
    this.end(closeCode.idle, idleAdvice);
  }

  fail(code: CloseCode): void {
    this.end(code);
  }

  /** Nothing is written under credentials that have ended, even where no timer has said so yet. */
  mayWrite(): boolean {
    if (!this.#credentials.over) return true;
    this.expired();
    return false;
  }

  /** Both kinds at once where nothing waits: a ping of the protocol is in no queue. */
  ping(): void {
    const transport = this.#transport;
    const message = transport.negotiated ? ping.frame(transport.codec) : undefined;
    if (message === undefined) transport.ping();
    else if (this.outbox.isClear && transport.withPing !== undefined) {
      this.outbox.control(transport.withPing(message));
    } else {
      transport.ping();
      this.outbox.control(message);
    }
  }

  /** Destroys the socket of a connection that does not go by itself. */
  terminate(): void {
    this.#transport.terminate();
  }

  stopped(): void {
    if (this.ended || this.#isEnding) return;
    this.#release();
    this.#goTo("closing");
    this.outbox.finish(undefined, true);
    this.#transport.terminate();
  }

  send(message: DownMessage): void {
    if (this.ended) return;
    if ("id" in message) this.answered(message);
    this.outbox.control(this.#frame(message));
  }

  answered(request: { readonly id?: unknown }): void {
    // What belongs to its number may be another's by then.
    if (!this.ended) this.#intake.answered(request);
  }

  refuse(request: Request, why: Failure): void {
    if (this.ended) return;
    this.shared.metrics.error(why.code);
    this.send(errorOf(request, why));
    if (!this.ended && !this.#intake.forgive(why)) this.end(closeCode.protocol_violation);
  }

  take(command: UpMessage, bytes: number): void {
    if (command.type !== "ping" && command.type !== "pong") this.#upkeep?.used();
    if (this.#state === "open") this.#commands.run(command);
    else this.#opening?.take(command, bytes);
  }

  open(identity: Identity, connect: Partial<Connect>): void {
    this.user = identity.user;
    // First, so that a connection that takes another's place does not count beside it.
    this.#become(connect);
    if (this.ended || !this.#countUser()) return;
    const early = this.#opening?.met() ?? [];
    if (this.#opening?.awaitsConnect === false) this.#opening = undefined;
    this.#goTo("open");
    this.#credentials.trust(identity);
    this.#heartbeat = new Heartbeat(this);
    this.#upkeep = Upkeep.of(this);
    this.#greet(connect.id);
    for (const command of early) {
      if (this.ended) return;
      this.#commands.run(command);
    }
  }

  #countUser(): boolean {
    if (this.user === undefined) return true;
    this.#isCounted = this.shared.users.add(this.user);
    if (this.#isCounted) this.#intake.user = this.shared.userRates.join(this.user);
    else this.end(closeCode.too_many_connections, overLimitAdvice);
    return this.#isCounted;
  }

  /** Takes the member's place that the session's secret names. */
  #become({ session, generation = 0 }: Partial<Connect>): void {
    const { members } = this.shared;
    members.release(this.member, this);
    this.member = memberOf(this.user, session, this.shared);
    this.generation = generation;
    members.claim(this.member, this);
  }

  #greet(id: number | undefined): void {
    this.send(greetingOf(this, this.#transport, this.#credentials, id));
  }

  own(command: OwnCommand): void {
    if (command.type === "refresh") this.#credentials.refresh(command);
    else if (this.#opening?.late(command) === true) {
      this.#opening = undefined;
      this.#become(command);
      if (!this.ended) this.#greet(command.id);
    } else {
      const message = "The connection is open already.";
      this.refuse(command, failure("invalid_field", message, { field: "/type" }));
    }
  }

  #goTo(state: SessionState): void {
    this.#state = transition(this.#state, state);
  }

  #frame(message: DownMessage): Frame {
    const payload = this.#transport.codec.encode(message);
    return new Frame(payload, sizeOf(payload));
  }

  /** Lets go of everything that outlives the socket otherwise. */
  #release(): void {
    // Handlers hear of it, and may end the connection that is ending: what it holds is counted out once.
    this.#isEnding = true;
    this.#opening?.end();
    this.#opening = undefined;
    this.#heartbeat?.stop();
    this.#upkeep?.stop();
    this.#credentials.end();
    // First: what waits behind a subscription must not have its turn because that ends.
    this.#commands.end();
    for (const channel of this.subscriptions.channels()) endSubscription(this, channel);
    this.#intake.clear();
    this.shared.members.release(this.member, this);
    this.shared.addressRates.leave(this.network);
    if (!this.#isCounted || this.user === undefined) return;
    this.shared.users.remove(this.user);
    this.shared.userRates.leave(this.user);
  }
}

import { type Failure, failure, type UpMessage } from "@holdfast/protocol";
import { ConnectionCalls } from "./calls.js";
import { Lanes, type LanesOwner, type LaneTask } from "./lanes.js";
import { idOf, type Peer } from "./peer.js";
import { ConnectionPresence } from "./presence.js";
import { publish } from "./publishing.js";
import { readHistory } from "./reading.js";
import { subscribe, unsubscribe } from "./subscribing.js";

/** Commands of one connection that wait for an earlier one on the same channel. */
const MAX_WAITING_COMMANDS = 1_024;

/** Carries the commands of one open session out: one channel's in order of arrival, each for itself. */
export class Commands implements LanesOwner {
  readonly #peer: Peer;
  /** Only while a command runs or holds its channel's lane. */
  #lanes: Lanes | undefined;
  // Made when first used: most connections only read.
  #presence: ConnectionPresence | undefined;
  #calls: ConnectionCalls | undefined;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Begins a command; its answer may come later. */
  run(command: UpMessage): void {
    const peer = this.#peer;
    switch (command.type) {
      case "publish":
        this.#inLane(command, (release) => publish(peer, command, release));
        break;
      case "subscribe":
        this.#inLane(command, (release) => subscribe(peer, command, release));
        break;
      case "unsubscribe":
        this.#inLane(
          command,
          now(() => unsubscribe(peer, command)),
        );
        break;
      case "history":
        this.#inLane(command, (release) => readHistory(peer, command, release));
        break;
      case "presence":
        this.#inLane(command, (release) => this.#present.list(command, release));
        break;
      case "presence_enter":
        this.#inLane(command, (release) => this.#present.enter(command, release));
        break;
      case "presence_leave":
        this.#inLane(
          command,
          now(() => this.#present.leave(command)),
        );
        break;
      case "call":
        this.#calling.call(command);
        break;
      case "cancel":
        this.#calling.cancel(command.call);
        break;
      case "ping":
        peer.send({ type: "pong", ...idOf(command) });
        break;
      case "pong":
        break;
      case "connect":
      case "refresh":
        peer.own(command);
        break;
    }
  }

  /** Asks again whether what goes on may go on. */
  recheck(): void {
    this.#presence?.recheck();
  }

  /** Ends what there is with a channel beside a subscription. */
  withdraw(channel: string, why: Failure): void {
    this.#presence?.withdraw(channel, why);
  }

  /** Something goes on, or is held, beside subscriptions. */
  get isHolding(): boolean {
    return this.#presence?.isHolding === true || this.#calls?.isHolding === true;
  }

  emptied(): void {
    this.#lanes = undefined;
  }

  /** Gives everything up that was begun. */
  end(): void {
    this.#lanes?.end();
    this.#calls?.end();
    this.#presence?.end();
  }

  get #present(): ConnectionPresence {
    this.#presence ??= new ConnectionPresence(this.#peer);
    return this.#presence;
  }

  get #calling(): ConnectionCalls {
    this.#calls ??= new ConnectionCalls(this.#peer);
    return this.#calls;
  }

  #inLane(command: { id?: number; channel: string }, task: LaneTask): void {
    this.#lanes ??= new Lanes(MAX_WAITING_COMMANDS, this);
    if (this.#lanes.run(command.channel, task)) return;
    const busy: Failure = failure("busy", "Too many commands of this connection are waiting.", {
      retryAfterMs: 1_000,
    });
    this.#peer.refuse(command, busy);
  }
}

const now =
  (step: () => void): LaneTask =>
  (release) => {
    step();
    release();
  };

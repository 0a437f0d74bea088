import { type Failure, failure, type UpMessage } from "@holdfast/protocol";
import { ConnectionCalls } from "./calls.js";
import type { LaneTask } from "./lanes.js";
import { idOf, type Peer } from "./peer.js";
import { ConnectionPresence } from "./presence.js";
import { publish } from "./publishing.js";
import { readHistory } from "./reading.js";
import { subscribe, unsubscribe } from "./subscribing.js";

/** Commands that are the session's own business. */
export type OwnCommand = Extract<UpMessage, { type: "connect" | "refresh" }>;

/** Carries the commands of one open session out: one channel's in order of arrival, each for itself. */
export class Commands {
  readonly #peer: Peer;
  readonly #own: (command: OwnCommand) => void;
  readonly #presence: ConnectionPresence;
  readonly #calls: ConnectionCalls;

  constructor(peer: Peer, own: (command: OwnCommand) => void) {
    this.#peer = peer;
    this.#own = own;
    this.#presence = new ConnectionPresence(peer);
    this.#calls = new ConnectionCalls(peer);
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
        this.#inLane(command, (release) => this.#presence.list(command, release));
        break;
      case "presence_enter":
        this.#inLane(command, (release) => this.#presence.enter(command, release));
        break;
      case "presence_leave":
        this.#inLane(
          command,
          now(() => this.#presence.leave(command)),
        );
        break;
      case "call":
        this.#calls.call(command);
        break;
      case "cancel":
        this.#calls.cancel(command.call);
        break;
      case "ping":
        peer.send({ type: "pong", ...idOf(command) });
        break;
      case "pong":
        break;
      case "connect":
      case "refresh":
        this.#own(command);
        break;
    }
  }

  /** Asks again whether what goes on may go on. */
  recheck(): void {
    this.#presence.recheck();
  }

  /** Ends what there is with a channel beside a subscription. */
  withdraw(channel: string): void {
    this.#presence.withdraw(channel);
  }

  /** Something goes on, or is held, beside subscriptions. */
  get isHolding(): boolean {
    return this.#presence.isHolding || this.#calls.isHolding;
  }

  /** Gives everything up that was begun. */
  end(): void {
    this.#calls.end();
    this.#presence.end();
  }

  #inLane(command: { id?: number; channel: string }, task: LaneTask): void {
    if (this.#peer.lanes.run(command.channel, task)) return;
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

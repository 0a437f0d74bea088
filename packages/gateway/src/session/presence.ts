import { isFailure, type PresenceView } from "@holdfast/broker";
import {
  type DownMessage,
  type Failure,
  failure,
  type Member,
  type UpMessage,
} from "@holdfast/protocol";
import { ask } from "../hub/ask.js";
import type { HubChannel } from "../hub/hub-channel.js";
import { presenceList } from "../hub/presence-watch.js";
import { idOf, type Peer } from "./peer.js";
import { RECHECK_TIMEOUT_MS } from "./revocation.js";

type Command<Type extends UpMessage["type"]> = Extract<UpMessage, { type: Type }>;
type Release = () => void;

/** How a list of members is read and answered. */
interface PresenceReading {
  readonly maxMembers: number;
  readonly answer: (view: PresenceView) => DownMessage | Failure;
  readonly answered?: (view: PresenceView) => void;
  readonly failed?: () => void;
}

/** What one connection has to do with presence: where it is a member, and what it watches. */
export class ConnectionPresence {
  readonly #peer: Peer;
  readonly #entered = new Set<string>();
  readonly #watched = new Map<string, HubChannel>();
  /** Counts what was withdrawn: a list that is read meanwhile begins no watching. */
  #withdrawals = 0;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Carries a `presence` out: the list, and with `watch` the changes from there on. */
  list(command: Command<"presence">, release: Release): void {
    const { channel, watch } = command;
    this.#permit(command, release, () => {
      if (watch === true) this.#watch(command, release);
      else {
        if (watch === false) this.#unwatch(channel);
        this.#read(command, release, {
          maxMembers: this.#peer.shared.settings.maxPresenceMembers,
          answer: (view) => presenceList(channel, view, command.id),
        });
      }
    });
  }

  /** Carries a `presence_enter` out; entering again updates the member's data. */
  enter(command: Command<"presence_enter">, release: Release): void {
    const peer = this.#peer;
    const { channel, data } = command;
    const { hub } = peer.shared;
    this.#permit(command, release, () => {
      const refused = this.#judgeEntry(channel, data);
      if (refused !== undefined) {
        peer.refuse(command, refused);
        release();
        return;
      }
      const member: Member = {
        id: peer.member,
        ...(peer.user === undefined ? {} : { user: peer.user }),
        ...(data === undefined ? {} : { data }),
      };
      // Counted before the engine answers: a close meanwhile must take the member out again.
      const isNew = !this.#entered.has(channel);
      this.#entered.add(channel);
      ask(
        () => hub.context.link.enter(channel, member, peer.generation),
        (outcome) => {
          if (isFailure(outcome)) {
            // Where the outcome is unknown it may be there, so its end has to take it out.
            if (isNew && outcome.unknown !== true) this.#entered.delete(channel);
            if (!peer.ended) peer.refuse(command, outcome);
          } else if (peer.ended) {
            // Again: an engine may not have known of the entry when the connection ended.
            hub.context.link.leave(channel, peer.member, {
              grace: true,
              generation: peer.generation,
            });
          } else if (this.#entered.has(channel)) {
            peer.send({ type: "presence_entered", ...idOf(command), channel });
          } else peer.refuse(command, failure("unavailable", "It was ended again at once."));
          release();
        },
      );
    });
  }

  /** Carries a `presence_leave` out. */
  leave(command: Command<"presence_leave">): void {
    const peer = this.#peer;
    const { channel } = command;
    if (this.#entered.delete(channel)) {
      peer.shared.hub.context.link.leave(channel, peer.member, { grace: false });
    }
    peer.send({ type: "presence_left", ...idOf(command), channel });
  }

  /** The connection is a member somewhere, or watches. */
  get isHolding(): boolean {
    return this.#entered.size > 0 || this.#watched.size > 0;
  }

  /** Ends what is not permitted any more: being a member, and watching. */
  recheck(): void {
    const peer = this.#peer;
    for (const channel of new Set([...this.#entered, ...this.#watched.keys()])) {
      peer.authorizer.confirm("presence", channel, RECHECK_TIMEOUT_MS, (denied) => {
        if (denied !== undefined && !peer.ended) this.withdraw(channel, denied);
      });
    }
  }

  /** Ends being a member of a channel, and watching it. Who may ask again has the grace period to do so. */
  withdraw(channel: string, { code, message, retryable }: Failure): void {
    const peer = this.#peer;
    const { member, generation } = peer;
    const hasWatched = this.#watched.has(channel);
    this.#withdrawals += 1;
    const hasEntered = this.#entered.delete(channel);
    this.#unwatch(channel);
    if (hasEntered) {
      peer.shared.hub.context.link.leave(channel, member, { grace: retryable, generation });
    }
    if (hasEntered || hasWatched) {
      peer.send({ type: "presence_left", channel, code, message, retryable });
    }
  }

  /** The connection is gone: its members leave, unless it comes back within the engine's grace period. */
  end(): void {
    const { link } = this.#peer.shared.hub.context;
    const { member, generation } = this.#peer;
    for (const channel of this.#entered) link.leave(channel, member, { grace: true, generation });
    this.#entered.clear();
    for (const channel of [...this.#watched.keys()]) this.#unwatch(channel);
  }

  #permit(
    command: Command<"presence" | "presence_enter">,
    release: Release,
    permitted: () => void,
  ): void {
    const peer = this.#peer;
    const refuse = (why: Failure): void => {
      if (!peer.ended) peer.refuse(command, why);
      release();
    };
    const policy = peer.shared.policyOf(command.channel);
    if (policy === undefined) {
      refuse(peer.authorizer.unknownChannel("presence", command.channel));
      return;
    }
    peer.authorizer.check("presence", command.channel, (denied) => {
      if (denied !== undefined) refuse(denied);
      else if (!policy.presence) refuse(failure("no_presence"));
      else if (peer.ended) release();
      else permitted();
    });
  }

  #judgeEntry(channel: string, data: unknown): Failure | undefined {
    const { settings } = this.#peer.shared;
    if (data !== undefined) {
      const bytes = Buffer.byteLength(JSON.stringify(data));
      if (bytes > settings.maxPresenceDataBytes) {
        const message = `Presence data may have ${settings.maxPresenceDataBytes} bytes.`;
        return failure("too_large", message, { field: "/data" });
      }
    }
    const isFull = this.#entered.size >= settings.maxSubscriptionsPerConnection;
    return isFull && !this.#entered.has(channel)
      ? failure("limit_exceeded", "The connection is present in too many channels.")
      : undefined;
  }

  #watch(command: Command<"presence">, release: Release): void {
    const peer = this.#peer;
    const { shared } = peer;
    const { channel } = command;
    const policy = shared.policyOf(channel);
    const known = this.#watched.get(channel);
    if (policy === undefined) return;
    if (
      known === undefined &&
      this.#watched.size >= shared.settings.maxSubscriptionsPerConnection
    ) {
      peer.refuse(command, failure("limit_exceeded", "The connection watches too many channels."));
      release();
      return;
    }
    const hubChannel = known ?? shared.hub.hold(channel, policy);
    this.#watched.set(channel, hubChannel);
    const withdrawals = this.#withdrawals;
    hubChannel.whenFollowing((failed) => {
      if (peer.ended) return;
      if (failed !== undefined) {
        this.#unwatch(channel);
        peer.refuse(command, failed);
        release();
        return;
      }
      // What happens while the list is read is compared by version afterwards.
      const { presence } = hubChannel;
      const maxMembers = presence.maxWelcomed;
      const isWatched = (): boolean => this.#watched.get(channel) === hubChannel;
      this.#read(command, release, {
        maxMembers,
        answer: (view) =>
          isWatched() || withdrawals === this.#withdrawals
            ? presence.welcome(view, maxMembers, command.id)
            : failure("unavailable"),
        answered: (view) => {
          if (isWatched()) presence.watch(peer.outbox, view, maxMembers);
        },
        failed: () => this.#unwatch(channel),
      });
    });
  }

  #unwatch(channel: string): void {
    const hubChannel = this.#watched.get(channel);
    if (hubChannel === undefined) return;
    this.#watched.delete(channel);
    hubChannel.presence.unwatch(this.#peer.outbox);
    hubChannel.letGo();
  }

  #read(command: Command<"presence">, release: Release, reading: PresenceReading): void {
    const peer = this.#peer;
    const { link } = peer.shared.hub.context;
    ask(
      () => link.presence(command.channel, reading.maxMembers),
      (view) => {
        if (peer.ended) return;
        if (isFailure(view)) {
          reading.failed?.();
          peer.refuse(command, view);
        } else {
          const answer = reading.answer(view);
          if (isFailure(answer)) peer.refuse(command, answer);
          else peer.send(answer);
          reading.answered?.(view);
        }
        release();
      },
    );
  }
}

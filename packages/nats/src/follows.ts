import type { EphemeralRequest } from "@holdfast/broker";
import { appended, type ChannelOp, entryOf, type StoredEntry } from "./channels/ops.js";
import { type Step, stepOf } from "./journal/envelope.js";
import type { Parts } from "./parts.js";
import type { Hearer, Unsubscribe } from "./servers/connection.js";

/** What following is made of. */
export interface FollowsOptions extends Parts {
  /** A channel's or room's step was told. */
  readonly onStep: (kind: "c" | "p", channel: string, step: Step) => void;
  /** A room's step that the listener wants to know of. */
  readonly onRoom: (channel: string, step: Step) => void;
}

interface Follow {
  presence: boolean;
  readonly stops: Unsubscribe[];
}

/** The channels a gateway follows, and what arrives of them. */
export class Follows {
  readonly #options: FollowsOptions;
  readonly #follows = new Map<string, Follow>();

  constructor(options: FollowsOptions) {
    this.#options = options;
  }

  has(channel: string): boolean {
    return this.#follows.has(channel);
  }

  /** Whether the channel's presence is followed too. */
  withPresence(channel: string): boolean {
    return this.#follows.get(channel)?.presence === true;
  }

  channels(): Iterable<string> {
    return this.#follows.keys();
  }

  /** Follows; false: the server did not confirm it in time. Presence once followed stays. */
  async add(channel: string, presence: boolean): Promise<boolean> {
    const { relay, limits, subjects } = this.#options;
    let follow = this.#follows.get(channel);
    if (follow === undefined) {
      follow = { presence: false, stops: [] };
      this.#follows.set(channel, follow);
      follow.stops.push(
        this.#hear(subjects.relay(channel, "c"), ({ data, headers }) =>
          this.#onEntries(channel, data, headers?.get("Nats-Sequence")),
        ),
        this.#hear(subjects.relay(channel, "e"), ({ data, reply }) => {
          // Somebody wants to know whether anybody follows.
          if (reply !== undefined && reply !== "") relay.tell(reply, "");
          else this.#onEphemeral(channel, data);
        }),
      );
    }
    if (presence && !follow.presence) {
      follow.presence = true;
      follow.stops.push(
        this.#hear(subjects.relay(channel, "p"), ({ data, headers }) =>
          this.#onRoom(channel, data, headers?.get("Nats-Sequence")),
        ),
      );
    }
    return await relay.flushed(limits.commandTimeoutMs);
  }

  remove(channel: string): void {
    const follow = this.#follows.get(channel);
    if (follow === undefined) return;
    this.#follows.delete(channel);
    for (const stop of follow.stops) stop();
  }

  clear(): void {
    for (const channel of [...this.#follows.keys()]) this.remove(channel);
  }

  /** A message that cannot be understood is one the relay lost: it is found like any other. */
  #hear(subject: string, hearer: Hearer): Unsubscribe {
    const { relay, logger, gateway } = this.#options;
    return relay.hear(subject, (message) => {
      try {
        hearer(message);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        logger.error("relay message failed", { gateway, message: text });
      }
    });
  }

  #onEntries(channel: string, data: Uint8Array, seq: string | undefined): void {
    const step = readStep(data, seq);
    this.#options.onStep("c", channel, step);
    const [epoch] = (step.envelope.h ?? []) as [string?];
    if (epoch === undefined) return;
    for (const op of step.envelope.o as readonly ChannelOp[]) {
      const entry = appended(op);
      if (entry !== undefined) this.#tell(channel, epoch, entry);
    }
  }

  #tell(channel: string, epoch: string, entry: StoredEntry): void {
    const { listener, logger, gateway } = this.#options;
    // An earlier one of the same message may have ended the following.
    if (!this.#follows.has(channel)) return;
    try {
      listener.onEntry(channel, epoch, entryOf(entry));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      logger.error("broker listener threw", { gateway, message });
    }
  }

  #onRoom(channel: string, data: Uint8Array, seq: string | undefined): void {
    const step = readStep(data, seq);
    this.#options.onStep("p", channel, step);
    this.#options.onRoom(channel, step);
  }

  #onEphemeral(channel: string, data: Uint8Array): void {
    this.#options.listener.onEphemeral(decodeEphemeral(channel, data));
  }
}

function readStep(data: Uint8Array, seq: string | undefined): Step {
  const text = Buffer.from(data).toString("utf8");
  return stepOf({ seq: Number(seq ?? 0), subject: "", text });
}

/** An ephemeral publication as it is relayed; throws where its data is no JSON value. */
export function encodeEphemeral({ channel: _, bytes, ...rest }: EphemeralRequest): string {
  const b64 = bytes === undefined ? undefined : Buffer.from(bytes).toString("base64");
  return JSON.stringify(b64 === undefined ? rest : { ...rest, b64 });
}

function decodeEphemeral(channel: string, data: Uint8Array): EphemeralRequest {
  const { b64, ...rest } = JSON.parse(Buffer.from(data).toString("utf8"));
  return b64 === undefined
    ? { channel, ...rest }
    : { channel, ...rest, bytes: new Uint8Array(Buffer.from(b64, "base64")) };
}

import type { Failure, Publish } from "@holdfast/protocol";
import { unsendable } from "../errors.js";
import { failure } from "../failures.js";
import { given } from "../given.js";
import { byteLength } from "../socket/size.js";
import { Asks } from "./asks.js";
import { Lane, receiptOf } from "./lane.js";
import type { Shared } from "./shared.js";

/** Where a publish ended up. */
export interface PublishReceipt {
  /** Absent for an ephemeral publication and on channels without history. */
  readonly offset?: number;
  readonly epoch?: string;
  /** An earlier attempt had been carried out; this is its outcome. */
  readonly duplicate?: boolean;
}

/** Options of a publish. */
export interface PublishOptions {
  /** Publish key; one is made where it is absent. For an ephemeral publication: its conflation key. */
  readonly key?: string;
  /** Publish only if the channel's newest offset is this one. */
  readonly expectedOffset?: number;
  /** Never stored, never retried, dropped while away. */
  readonly ephemeral?: boolean;
  /** Patience, time spent away included. */
  readonly timeoutMs?: number;
  readonly tags?: readonly string[];
  /** String map of up to 1 KiB (`traceparent`). */
  readonly meta?: Readonly<Record<string, string>>;
}

/** The outcome of a publish: never a throw. `unknown: true` means it may have been carried out. */
export type PublishResult = ({ readonly ok: true } & PublishReceipt) | Failure;

type Content = { readonly data: unknown } | { readonly bytes: Uint8Array };

/** Publishes in order per channel, again after every loss, until each has a clear result. */
export class Publisher {
  readonly #shared: Shared;
  readonly #lanes = new Map<string, Lane>();
  /** One for every channel: a lane that was given up and made anew ends what the old one began. */
  readonly #session: string;
  #generation = 0;
  /** Counted apart from calls, which a flood of cursors must not keep out. */
  readonly #ephemeral: Asks;
  #count = 0;
  #bytes = 0;
  /** Why nothing will be sent any more. */
  #closed: Failure | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#session = shared.settings.random.id(22);
    this.#ephemeral = new Asks(shared);
  }

  /** Never rejects. */
  async publish(
    channel: string,
    content: Content,
    options: PublishOptions = {},
  ): Promise<PublishResult> {
    if (this.#closed !== undefined) return this.#closed;
    const { codec, random, maxQueuedMessages, maxQueuedBytes, publishTimeoutMs } =
      this.#shared.settings;
    const { ephemeral, expectedOffset, tags, meta, timeoutMs = publishTimeoutMs } = options;
    const key = options.key ?? (ephemeral ? undefined : random.id(22));
    const rest = given({ ephemeral, key, expectedOffset, tags: tags && [...tags], meta });
    const body: Publish = { type: "publish", channel, ...content, ...rest };
    if (ephemeral) return this.#sendEphemeral(body, timeoutMs);
    try {
      const payload = codec.encode(body);
      const bytes = byteLength(payload);
      if (this.#count >= maxQueuedMessages || this.#bytes + bytes > maxQueuedBytes) {
        return failure("queue_full");
      }
      // A copy: what the application changes later must not make a retry differ from the first try.
      const copy = codec.decode(payload, 1)[0] as Publish;
      return this.#enqueue(copy, bytes, timeoutMs);
    } catch (cause) {
      return unsendable(cause);
    }
  }

  /** Sends what may be sent. */
  pump(): void {
    for (const lane of this.#lanes.values()) lane.pump();
  }

  lost(): void {
    for (const lane of this.#lanes.values()) lane.lost();
    this.#ephemeral.lost();
  }

  closed(reason: Failure): void {
    this.#closed = reason;
    for (const lane of this.#lanes.values()) lane.closed(reason);
    this.#ephemeral.closed(reason);
  }

  #enqueue(body: Publish, bytes: number, timeoutMs: number): Promise<PublishResult> {
    return new Promise((resolve) => {
      this.#count += 1;
      this.#bytes += bytes;
      const lane = this.#lane(body.channel);
      lane.add(body, timeoutMs, (result) => {
        this.#count -= 1;
        this.#bytes -= bytes;
        resolve(result);
      });
      lane.pump();
    });
  }

  async #sendEphemeral(body: Publish, timeoutMs: number): Promise<PublishResult> {
    const { requests, wire } = this.#shared;
    if (!requests.canSend()) return failure(wire.connected ? "queue_full" : "connection_lost");
    const build = (id: number) => ({ ...body, id });
    return receiptOf(await this.#ephemeral.ask(build, { timeoutMs, repeatable: false }));
  }

  /** The channel's lane. An idle one is given up where there would be too many. */
  #lane(channel: string): Lane {
    let lane = this.#lanes.get(channel);
    if (lane !== undefined) return lane;
    if (this.#lanes.size >= this.#shared.settings.maxQueuedMessages) {
      for (const [name, other] of this.#lanes) {
        if (!other.idle) continue;
        this.#lanes.delete(name);
        break;
      }
    }
    lane = new Lane(this.#shared, () => {
      this.#generation += 1;
      return { id: this.#session, generation: this.#generation };
    });
    this.#lanes.set(channel, lane);
    return lane;
  }
}

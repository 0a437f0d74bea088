import type { Clock, Random, Timer } from "@holdfast/core";
import type { Codec, Connected, Failure, Publish } from "@holdfast/protocol";
import { unsendable } from "../errors.js";
import { failure } from "../failures.js";
import type { ClientLimits } from "../options.js";
import { byteLength } from "../socket/size.js";
import { Lane, receiptOf } from "./lane.js";
import type { Requests } from "./requests.js";

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

/** What lanes share: the link, the budget and the clock. */
export interface PublisherDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly codec: Codec;
  readonly requests: Requests;
  readonly limits: ClientLimits;
  /** The open session, if there is one. */
  readonly connected: () => Connected | undefined;
  readonly bufferedBytes: () => number;
}

type Content = { readonly data: unknown } | { readonly bytes: Uint8Array };

/** Time between looks at a socket that holds too much; WebSocket has no event for it. */
const drainPollMs = 20;

/** Publishes in order per channel, again after every loss, until each has a clear result. */
export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #ephemeral = new Set<(result: PublishResult) => void>();
  #count = 0;
  #bytes = 0;
  #poll: Timer | undefined;
  /** Why nothing will be sent any more. */
  #closed: Failure | undefined;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** Never rejects. */
  publish(channel: string, content: Content, options: PublishOptions = {}): Promise<PublishResult> {
    if (this.#closed !== undefined) return Promise.resolve(this.#closed);
    const { codec, limits, random } = this.#deps;
    const ephemeral = options.ephemeral === true;
    const key = options.key ?? (ephemeral ? undefined : random.id(22));
    const body: Publish = {
      type: "publish",
      channel,
      ...content,
      ...(ephemeral && { ephemeral }),
      ...(key !== undefined && { key }),
      ...(options.expectedOffset !== undefined && { expectedOffset: options.expectedOffset }),
      ...(options.tags && { tags: [...options.tags] }),
      ...(options.meta && { meta: { ...options.meta } }),
    };
    if (ephemeral) return this.#sendEphemeral(body, options.timeoutMs ?? limits.publishTimeoutMs);
    try {
      const payload = codec.encode(body);
      const bytes = byteLength(payload);
      if (this.#count >= limits.maxQueuedMessages || this.#bytes + bytes > limits.maxQueuedBytes) {
        return Promise.resolve(failure("queue_full"));
      }
      // A copy: what the application changes later must not make a retry differ from the first try.
      const copy = codec.decode(payload, 1)[0] as Publish;
      return this.#enqueue(copy, bytes, options.timeoutMs ?? limits.publishTimeoutMs);
    } catch (cause) {
      return Promise.resolve(unsendable(cause));
    }
  }

  opened(): void {
    for (const lane of this.#lanes.values()) lane.opened();
    this.#pump();
  }

  lost(): void {
    for (const lane of this.#lanes.values()) lane.lost();
    for (const settle of [...this.#ephemeral]) {
      settle(failure("connection_lost", undefined, { unknown: true }));
    }
  }

  closed(reason: Failure): void {
    this.#closed = reason;
    this.#poll?.cancel();
    for (const lane of this.#lanes.values()) lane.closed(reason);
    for (const settle of [...this.#ephemeral]) settle({ ...reason, unknown: true });
  }

  #enqueue(body: Publish, bytes: number, timeoutMs: number): Promise<PublishResult> {
    return new Promise((resolve) => {
      this.#count += 1;
      this.#bytes += bytes;
      this.#lane(body.channel).add(body, timeoutMs, (result) => {
        this.#count -= 1;
        this.#bytes -= bytes;
        resolve(result);
      });
      this.#pump();
    });
  }

  #sendEphemeral(body: Publish, timeoutMs: number): Promise<PublishResult> {
    const { requests, clock, limits } = this.#deps;
    if (this.#ephemeral.size >= limits.maxQueuedMessages || !this.#room()) {
      return Promise.resolve(failure("queue_full"));
    }
    return new Promise((resolve) => {
      const settle = (result: PublishResult) => {
        this.#ephemeral.delete(settle);
        timer.cancel();
        if (id !== undefined) requests.forget(id);
        resolve(result);
      };
      const timer = clock.after(timeoutMs, () =>
        settle(failure("timeout", undefined, { unknown: true })),
      );
      this.#ephemeral.add(settle);
      let id: number | undefined;
      try {
        id = requests.send(
          (requestId) => ({ ...body, id: requestId }),
          (answer) => settle(receiptOf(answer)),
        );
        if (id === undefined) settle(failure("connection_lost", "Not connected; not sent."));
      } catch (cause) {
        settle(unsendable(cause));
      }
    });
  }

  /** The channel's lane. An idle one is given up where there would be too many. */
  #lane(channel: string): Lane {
    let lane = this.#lanes.get(channel);
    if (lane !== undefined) return lane;
    if (this.#lanes.size >= this.#deps.limits.maxQueuedMessages) {
      for (const [name, other] of this.#lanes) {
        if (!other.idle) continue;
        this.#lanes.delete(name);
        break;
      }
    }
    lane = new Lane(this.#deps, () => this.#pump());
    this.#lanes.set(channel, lane);
    return lane;
  }

  #room(): boolean {
    return this.#deps.bufferedBytes() <= this.#deps.limits.maxBufferedBytes;
  }

  /** Sends what may be sent; a socket that holds too much is looked at again a little later. */
  #pump(): void {
    if (this.#deps.connected() === undefined) return;
    for (const lane of this.#lanes.values()) lane.pump(() => this.#room());
    if (this.#room() || this.#poll !== undefined) return;
    this.#poll = this.#deps.clock.after(drainPollMs, () => {
      this.#poll = undefined;
      this.#pump();
    });
  }
}

import type { Failure, HistoryPage, Publication as Wire } from "@holdfast/protocol";
import { given } from "../given.js";
import type { Settings } from "../options.js";
import type { Publication, SubscribeOptions } from "../subscription/events.js";
import type { Subscription } from "../subscription/subscription.js";
import type { Asks } from "./asks.js";
import type { Presence } from "./presence.js";
import type { Presences } from "./presences.js";
import type { Publisher, PublishOptions, PublishResult } from "./publisher.js";
import { answerOf } from "./requests.js";
import type { Subscriptions } from "./subscriptions.js";

/** Which retained publications to read. */
export interface HistoryOptions {
  /** Read forward from after this offset; without it, the newest `limit`. */
  readonly after?: number;
  /** 1…1000. */
  readonly limit?: number;
}

/** A page of retained publications; never a throw. */
export type HistoryResult<T> =
  | {
      readonly ok: true;
      readonly epoch: string;
      /** Offset of the newest publication of the channel. */
      readonly top: number;
      /** Offset of the oldest retained one; top + 1 when nothing is retained. */
      readonly first: number;
      readonly publications: readonly Publication<T>[];
    }
  | Failure;

/** A channel as one client uses it. Having one costs nothing; it does nothing by itself. */
export interface Channel<T, Sent = T> {
  readonly name: string;
  /** Who is in the channel. */
  readonly presence: Presence;
  /** The state of this client's subscription to the channel, at its position. */
  readonly state: unknown;
  /**
   * Settles when the subscription has begun, waiting for a connection if need be. Rejects with
   * `HoldfastError`: the gateway's refusal, `cancelled`, or `already_subscribed` where this client
   * already has a subscription of the channel.
   */
  subscribe<S = unknown>(options?: SubscribeOptions<T, S>): Promise<Subscription<T, S>>;
  /**
   * Publishes: in order per channel, repeated under one key until the gateway answers or
   * `timeoutMs` has passed. A result, never a throw.
   */
  publish(data: Sent, options?: PublishOptions): Promise<PublishResult>;
  /** As `publish`, for opaque bytes. */
  publishBytes(bytes: Uint8Array, options?: PublishOptions): Promise<PublishResult>;
  /** Reads retained publications without subscribing. */
  history(options?: HistoryOptions): Promise<HistoryResult<T>>;
}

/** The parts of a client of which a channel makes use. */
export interface ChannelParts {
  readonly publisher: Publisher;
  readonly subscriptions: Subscriptions;
  readonly presences: Presences;
  readonly asks: Asks;
}

/** A channel of a client. */
export function makeChannel<T, Sent>(
  name: string,
  { requestTimeoutMs }: Settings,
  { publisher, subscriptions, presences, asks }: ChannelParts,
): Channel<T, Sent> {
  return {
    name,
    // Looked up at every use: what is idle is forgotten.
    presence: {
      enter: (data) => presences.of(name).enter(data),
      update: (data) => presences.of(name).update(data),
      leave: () => presences.of(name).leave(),
      members: () => presences.of(name).members(),
      on: (event, listener) => presences.of(name).on(event, listener),
    },
    get state() {
      return subscriptions.stateOf(name);
    },
    subscribe: (options = {}) => subscriptions.subscribe(name, options),
    publish: (data, options) => publisher.publish(name, { data }, options),
    publishBytes: (bytes, options) => publisher.publish(name, { bytes }, options),
    history: async ({ after, limit } = {}) => {
      const answer = answerOf(
        await asks.ask(
          (id) => ({ type: "history", id, channel: name, ...given({ after, limit }) }),
          {
            timeoutMs: requestTimeoutMs,
            repeatable: true,
          },
        ),
        "history",
      );
      return answer.ok ? pageOf<T>(answer.message) : answer;
    },
  };
}

function pageOf<T>({ type, id, channel, ...page }: HistoryPage): HistoryResult<T> {
  const publications = page.publications.map((p) => placed<T>(p, page.epoch));
  return { ...page, publications, ok: true };
}

function placed<T>(publication: Wire, epoch: string): Publication<T> {
  const { offset, id } = publication;
  return { ...publication, data: publication.data as T, position: { epoch, offset, id } };
}

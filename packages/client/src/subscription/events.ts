import type { Ephemeral, Position, ResetReason, Publication as Wire } from "@holdfast/protocol";
import type { HoldfastError } from "../errors.js";

/** One entry of a channel, as the application gets it. */
export interface Publication<T> extends Omit<Wire, "type" | "data"> {
  /** Absent (`undefined`) where the publisher sent `bytes`. */
  readonly data: T;
  /** Where this publication stands; `undefined` on channels without history. */
  readonly position: Position | undefined;
}

/** A publication that is never stored and may be dropped. */
export interface EphemeralPublication<T> extends Omit<Ephemeral, "type" | "data"> {
  readonly data: T;
}

/** Continuity could not be kept: everything the application holds of the channel is to be replaced. */
export interface ResetEvent<S = unknown> {
  readonly reason: ResetReason;
  /** Where the publications that follow start. */
  readonly position: Position | undefined;
  /** The channel's whole state at `position`, where the channel has state. */
  readonly state: S | undefined;
}

/** The channel's whole state at a position; `undefined` where it is not known. */
export interface StateEvent<S = unknown> {
  readonly state: S | undefined;
  readonly position: Position | undefined;
}

/** Events of a subscription, in order with its publications (`ephemeral` excepted). */
export interface SubscriptionEvents<T, S = unknown> {
  reset: ResetEvent<S>;
  /** The state has moved, with the position: when it is given, and after each publication handled. */
  state: StateEvent<S>;
  ephemeral: EphemeralPublication<T>;
  /** The subscription began or continued on a connection; `resumed`: exactly after its position. */
  subscribed: { readonly resumed: boolean; readonly position: Position | undefined };
  /** The subscription has ended: with an error, or because the application asked for it. */
  end: { readonly error: HoldfastError | undefined };
}

/** Options of `channel.subscribe`. */
export interface SubscribeOptions<T, S = unknown> {
  /** Resume after this position. */
  readonly position?: Position;
  /** The channel's state at `position`, as it was loaded together with it. */
  readonly state?: S;
  /**
   * What a publication does to the state of a channel whose state is a handler's. Pure; a throw ends the
   * subscription with `call_failed`. In the other modes the subscription folds by itself.
   */
  readonly reduce?: (state: S, publication: Publication<T>) => S;
  /** Without a position, on channels without state: begin with this many publications of the history. */
  readonly last?: number;
  /** Ends the subscription. */
  readonly signal?: AbortSignal;
  /** Publications kept for a slow reader; one more ends the subscription with `overflow`. Default 10 000. */
  readonly bufferMax?: number;
  /**
   * Handler mode: called for one publication after the other, each after the promise of the one
   * before has settled. A throw or rejection ends the subscription with `call_failed`.
   */
  readonly onPublication?: (publication: Publication<T>) => unknown;
  /** As `on("reset")`, in place before the first event. */
  readonly onReset?: (event: ResetEvent<S>) => void;
  /**
   * As `on("state")`, in place before the first event. Without `onPublication` publications then count
   * as handled by themselves, and there is nothing to iterate.
   */
  readonly onState?: (event: StateEvent<S>) => void;
  /** As `on("ephemeral")`, in place before the first event. */
  readonly onEphemeral?: (publication: EphemeralPublication<T>) => void;
}

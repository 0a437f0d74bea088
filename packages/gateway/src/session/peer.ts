import type { DownMessage, Failure, UpMessage } from "@holdfast/protocol";
import type { Authorizer } from "./authorizer.js";
import type { Outbox } from "./outbox.js";
import type { Shared } from "./shared.js";
import type { Subscriptions } from "./subscriptions.js";

/** What a reply is addressed by. */
export interface Request {
  readonly type?: string;
  readonly id?: number | undefined;
  readonly channel?: string | undefined;
}

/** Commands that are the session's own business. */
export type OwnCommand = Extract<UpMessage, { type: "connect" | "refresh" }>;

/** An open session as its commands see it. */
export interface Peer {
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly user: string | undefined;
  readonly member: string;
  /** Counts the connections of the member's client. */
  readonly generation: number;
  readonly authorizer: Authorizer;
  readonly subscriptions: Subscriptions;
  /** Nothing is taken or sent any more. */
  readonly ended: boolean;
  send(message: DownMessage): void;
  /** Carries a command out that is the session's own business. */
  own(command: OwnCommand): void;
  /** The request's `id` is free again; replies given to `send` see to that themselves. */
  answered(request: Request): void;
  /** Answers with an error; malformed and forbidden requests count against the connection. */
  refuse(request: Request, why: Failure): void;
}

/** The request's `id`, to spread into a reply. */
export function idOf(request: { readonly id?: number | undefined }): { id?: number } {
  return request.id === undefined ? {} : { id: request.id };
}

/** Whose publish keys and sessions these are: the user's, or, without a user, the client session's. */
export function scopeOf(peer: Peer): string {
  return peer.user === undefined ? `m:${peer.member}` : `u:${peer.user}`;
}

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Failure } from "./errors.js";
import type { Position } from "./schemas/fields.js";

/** What an identity may do with a channel. */
export type Action = "subscribe" | "publish" | "presence" | "history" | "call";

/** Channel patterns (`chat:*`, exact names, `*`) and the actions allowed there. */
export type Capabilities = Readonly<Record<string, readonly Action[]>>;

/** Who a connection is. */
export interface Identity {
  /** Absent for anonymous connections. */
  readonly user?: string;
  /** Deny by default: what is not listed goes to the `authorize` handler, or is refused. */
  readonly can?: Capabilities;
  /** Wall-clock end of the credentials in milliseconds since the Unix epoch. */
  readonly expiresAtMs?: number;
  /** Wall-clock time the credentials were issued, in milliseconds since the Unix epoch. */
  readonly issuedAtMs?: number;
  /** Names the credentials (`jti`, RFC 7519 §4.1.7), so that they can be revoked. */
  readonly tokenId?: string;
}

/** What an `authenticate` handler is given. */
export interface AuthenticateRequest {
  /** From the first message, or the `holdfast.token.` subprotocol. */
  readonly token?: string;
  /** Of the upgrade request, names in lower case: cookies are here. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The client's, where the proxies between are trusted ones. */
  readonly remoteAddress?: string;
  /** Aborted when the answer is no longer wanted, or took longer than `handlerTimeoutMs`. */
  readonly signal: AbortSignal;
}

/**
 * Turns credentials into an identity; `null` refuses. Throwing refuses too and is logged; an
 * `UnavailableError` or a timeout is not a refusal: the client is told to come back.
 */
export type AuthenticateHandler = (
  request: AuthenticateRequest,
) => Identity | null | Promise<Identity | null>;

/** Thrown by an `authenticate` handler that cannot tell now, because what it has to ask is out of reach. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/** What an `authorize` handler is given. For calls `channel` is the method. */
export interface AuthorizeRequest {
  /** Absent: an anonymous connection. */
  readonly user?: string;
  readonly action: Action;
  readonly channel: string;
  /** Aborted when the answer is no longer wanted, or took longer than `handlerTimeoutMs`. */
  readonly signal: AbortSignal;
}

/** Permits or refuses what the capabilities do not decide. */
export type AuthorizeHandler = (request: AuthorizeRequest) => boolean | Promise<boolean>;

/** What a snapshot handler is given. */
export interface SnapshotRequest {
  readonly channel: string;
  /** Aborted when nobody waits any more, or the answer took longer than `handlerTimeoutMs`. */
  readonly signal: AbortSignal;
}

/** A channel's whole state, and the last publication that it holds the effect of. */
export interface StateSnapshot {
  /** A JSON value. */
  readonly snapshot: unknown;
  /** As `publish` returned it, committed together with the data; absent: nothing was published yet. */
  readonly position?: Position;
}

/**
 * Supplies the state of a channel whose rule says `state: { handler }`. The publications after the
 * position follow it, so the two have to be committed in one step. Throwing is logged, and whoever
 * waits for the state is told to come back.
 */
export type SnapshotHandler = (request: SnapshotRequest) => StateSnapshot | Promise<StateSnapshot>;

/** What a call's handler is given besides its input. */
export interface CallContext {
  /** The caller's; absent: an anonymous connection. */
  readonly user?: string;
  /** Public identity of the caller's client session, as presence shows it. */
  readonly member: string;
  /** What the caller sent along (`traceparent`). */
  readonly meta?: Readonly<Record<string, string>>;
  /** Aborted on cancel, timeout, and when the caller's connection ends. Made when it is read: a copy of the context has none. */
  readonly signal: AbortSignal;
}

/** A call with its input schema: what is sent, and what it makes of that. Make one with `call()`. */
export interface CallDefinition<Input, Output, Sent = unknown> {
  readonly input?: StandardSchemaV1<Sent, Input>;
  // A method, not a property: its input is compared both ways, so that definitions of different
  // inputs fit into one table of CallDefinition<unknown, unknown>.
  handler(input: Input, context: CallContext): Output | Promise<Output>;
}

/** Thrown by a handler to fail a call with a code and message of the application's own. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code: string;
  readonly retryable: boolean;
  constructor(code: string, message: string, retryable = false) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** Declares a call: its input schema (Standard Schema) and its handler. */
export function call<Input, Output, Sent = unknown>(
  input: StandardSchemaV1<Sent, Input>,
  handler: (input: Input, context: CallContext) => Output | Promise<Output>,
): CallDefinition<Input, Output, Sent> {
  return { input, handler };
}

/** The types a gateway and its clients share: payloads by channel pattern, input and output by method. */
export interface Contract {
  readonly channels: Readonly<Record<string, unknown>>;
  /** What is published by channel pattern, where a schema makes something else of it; otherwise the payload. */
  readonly publishes?: Readonly<Record<string, unknown>>;
  readonly calls: Readonly<Record<string, { readonly input: unknown; readonly output: unknown }>>;
}

/** A contract that knows nothing. */
export interface AnyContract extends Contract {
  readonly channels: Readonly<Record<string, unknown>>;
  readonly calls: Readonly<Record<string, { readonly input: unknown; readonly output: unknown }>>;
}

/** Carries a contract in a type only: `connect<typeof gateway>()`. */
export interface HasContract<C extends Contract> {
  readonly "~contract"?: C;
}

/** The contract of `typeof gateway`, or of a contract itself. */
export type ContractOf<T> =
  T extends HasContract<infer C> ? C : T extends Contract ? T : AnyContract;

type Matches<Pattern extends string, Name extends string> = Pattern extends `${infer Prefix}*`
  ? Name extends `${Prefix}${string}`
    ? true
    : false
  : Name extends Pattern
    ? true
    : false;

/** The type in a table by channel pattern: that of every pattern a name matches, otherwise `unknown`. */
type ByPattern<Table, Name extends string> = {
  [Pattern in keyof Table & string]: Matches<Pattern, Name> extends true ? Table[Pattern] : never;
}[keyof Table & string] extends infer Found
  ? [Found] extends [never]
    ? unknown
    : Found
  : never;

/** Payload type of a channel name: that of the pattern it matches, otherwise `unknown`. */
export type PayloadOf<C extends Contract, Name extends string> = ByPattern<C["channels"], Name>;

/** What may be published to a channel name. */
export type PublishedOf<C extends Contract, Name extends string> = "publishes" extends keyof C
  ? ByPattern<NonNullable<C["publishes"]>, Name>
  : PayloadOf<C, Name>;

/** A value or a failure. */
export type Outcome<Success extends object> = ({ readonly ok: true } & Success) | Failure;

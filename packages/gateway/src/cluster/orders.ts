import { isFailure } from "@holdfast/broker";
import { type Failure, failure, isChannelName } from "@holdfast/protocol";
import { isUser } from "../session/identity.js";
import { isRevocation, type Revocation } from "./revocations.js";

/** Whose connections are meant: exactly one of the two is given. */
export interface Target {
  /** Every connection of this user. */
  readonly user?: string;
  /** The connection of one client session, by its public identity in presence. */
  readonly member?: string;
}

/** Which tokens are revoked: one by its identifier, or a user's up to a time. */
export type RevokeRequest =
  | {
      /** `jti` of the token. */
      readonly tokenId: string;
      /** Its end, in milliseconds since the Unix epoch, past which nothing need be remembered. */
      readonly expiresAtMs?: number;
    }
  | {
      readonly user: string;
      /** Tokens issued before this time, in milliseconds since the Unix epoch. Default: now. */
      readonly beforeMs?: number;
    };

/** Ends the subscription of the target's connections to a channel. They may subscribe again. */
export interface UnsubscribeRequest extends Target {
  readonly channel: string;
}

/** Whose permissions may have been withdrawn; what is left out means all. */
export interface Withdrawal {
  readonly user?: string;
  readonly channel?: string;
}

/** What every gateway is told to do. */
export type Order =
  | ({ readonly name: "disconnect" } & Target)
  | { readonly name: "revoke"; readonly revocation: Revocation }
  | ({ readonly name: "unsubscribe" } & UnsubscribeRequest)
  | ({ readonly name: "recheck" } & Withdrawal);

/** The longest token identifier, in characters. */
const MAX_TOKEN_ID_CHARS = 256;
/** How far in the future a time of revocation may lie, for clocks that differ, in milliseconds. */
const MAX_AHEAD_MS = 60_000;

type Fields = Readonly<Record<string, unknown>>;

/** Reads a disconnect from what an application or an HTTP client gave. */
export function disconnectOrder(given: unknown): Order | Failure {
  const fields = fieldsOf(given, ["user", "member"]);
  if (isFailure(fields)) return fields;
  const target = targetOf(fields);
  return isFailure(target) ? target : { name: "disconnect", ...target };
}

/** Reads an unsubscribe. */
export function unsubscribeOrder(given: unknown): Order | Failure {
  const fields = fieldsOf(given, ["user", "member", "channel"]);
  if (isFailure(fields)) return fields;
  const target = targetOf(fields);
  if (isFailure(target)) return target;
  const { channel } = fields;
  if (!isChannel(channel)) return invalid("channel", "a channel name");
  return { name: "unsubscribe", channel, ...target };
}

/** Reads a recheck. */
export function recheckOrder(given: unknown): Order | Failure {
  const fields = fieldsOf(given, ["user", "channel"]);
  if (isFailure(fields)) return fields;
  const { user, channel } = fields;
  if (user !== undefined && !isUser(user)) return invalid("user", "a user");
  if (channel !== undefined && !isChannel(channel)) return invalid("channel", "a channel name");
  return {
    name: "recheck",
    ...(user === undefined ? {} : { user }),
    ...(channel === undefined ? {} : { channel }),
  };
}

/** Reads a revocation. It is remembered as long as a token it concerns could live. */
export function revokeOrder(
  given: unknown,
  nowMs: number,
  maxTokenLifeMs: number,
): Order | Failure {
  const fields = fieldsOf(given, ["tokenId", "expiresAtMs", "user", "beforeMs"]);
  if (isFailure(fields)) return fields;
  const { tokenId, expiresAtMs, user, beforeMs = nowMs } = fields;
  if ((tokenId === undefined) === (user === undefined)) {
    return invalid("tokenId", "exactly one of `tokenId` and `user`");
  }
  if (user !== undefined) {
    if (!isUser(user)) return invalid("user", "a user");
    if (expiresAtMs !== undefined) return invalid("expiresAtMs", "nothing: it goes with `tokenId`");
    if (!isTime(beforeMs) || beforeMs > nowMs + MAX_AHEAD_MS) {
      return invalid("beforeMs", "a time that is not in the future, in milliseconds");
    }
    const untilMs = beforeMs + maxTokenLifeMs;
    return { name: "revoke", revocation: { user, beforeMs, atMs: nowMs, untilMs } };
  }
  if (typeof tokenId !== "string" || tokenId === "" || tokenId.length > MAX_TOKEN_ID_CHARS) {
    return invalid("tokenId", `text of 1 to ${MAX_TOKEN_ID_CHARS} characters`);
  }
  if (fields.beforeMs !== undefined) return invalid("beforeMs", "nothing: it goes with `user`");
  if (expiresAtMs !== undefined && !isTime(expiresAtMs)) {
    return invalid("expiresAtMs", "a time in milliseconds");
  }
  const latestMs = nowMs + maxTokenLifeMs;
  const untilMs = Math.min(latestMs, expiresAtMs ?? latestMs);
  return { name: "revoke", revocation: { tokenId, atMs: nowMs, untilMs } };
}

/** The data a command carries an order in. */
export function dataOf({ name: _name, ...data }: Order): unknown {
  return data;
}

/** Reads an order from a command of another gateway; undefined for what this version does not know. */
export function orderOf(name: string, data: unknown): Order | undefined {
  switch (name) {
    case "disconnect":
      return known(disconnectOrder(data));
    case "unsubscribe":
      return known(unsubscribeOrder(data));
    case "recheck":
      return known(recheckOrder(data));
    case "revoke": {
      const revocation =
        typeof data === "object" && data !== null && Reflect.get(data, "revocation");
      return isRevocation(revocation) ? { name, revocation } : undefined;
    }
    default:
      return undefined;
  }
}

function known(order: Order | Failure): Order | undefined {
  return isFailure(order) ? undefined : order;
}

/** The fields of a request; one that is not known is a typing error, and would mean everybody. */
function fieldsOf(given: unknown, names: readonly string[]): Fields | Failure {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return failure("bad_message", "Expected an object.");
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) return invalid(unknown, `one of the fields ${names.join(", ")}`);
  return Object.fromEntries(names.map((name) => [name, Reflect.get(given, name)]));
}

function targetOf({ user, member }: Fields): Target | Failure {
  if ((user === undefined) === (member === undefined)) {
    return invalid("user", "exactly one of `user` and `member`");
  }
  if (user !== undefined) return isUser(user) ? { user } : invalid("user", "a user");
  return isUser(member) ? { member } : invalid("member", "a member");
}

function isChannel(value: unknown): value is string {
  return typeof value === "string" && isChannelName(value);
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function invalid(name: string, expected: string): Failure {
  return failure("invalid_field", `\`${name}\`: expected ${expected}.`, { field: `/${name}` });
}

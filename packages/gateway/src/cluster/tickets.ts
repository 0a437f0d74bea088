import { type BrokerLink, isFailure } from "@holdfast/broker";
import type { Clock, Random } from "@holdfast/core";
import {
  type Action,
  type Capabilities,
  type Failure,
  failure,
  type Identity,
} from "@holdfast/protocol";
import { ask } from "../hub/ask.js";
import { type Digest, isIdentity, isUser } from "../session/identity.js";
import type { Settings } from "../settings.js";

/** What tells a ticket from a token of the application's own. */
export const TICKET_PREFIX = "hft_";
/** 192 bits. */
const TICKET_CHARS = 32;
/** No client can name such a channel: channel names begin with a letter. */
const CHANNEL_PREFIX = "~holdfast:ticket/";
const ISSUED = 1;
/** Largest identity of a ticket, as JSON text. */
const MAX_IDENTITY_BYTES = 16_384;

/** Whom a ticket stands for. */
export interface TicketRequest {
  /** Absent: the connection has no user. */
  readonly user?: string;
  /** Absent: nothing but what `authenticated` and the `authorize` handler permit. */
  readonly can?: Capabilities;
  /** When the connection's credentials end, in milliseconds since the Unix epoch; absent: not by themselves. */
  readonly expiresAtMs?: number;
}

/** A ticket, to be handed to the client it is for. */
export interface Ticket {
  readonly ok: true;
  /** Used like a token, once. */
  readonly ticket: string;
  /** Time within which it can be used, in milliseconds. */
  readonly expiresInMs: number;
}

/** What tickets need of the platform. */
export interface TicketPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly digest: Digest;
}

/**
 * Opaque tokens that are good for one connection within a short time, for clients that cannot keep a
 * secret or set a header. The engine holds an identity under the ticket's hash, as the first entry of
 * a channel of its own; whoever appends the second one has used it. Of several gateways one can.
 */
export class Tickets {
  readonly #link: BrokerLink;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #digest: Digest;
  readonly #lifeMs: number;

  constructor(link: BrokerLink, platform: TicketPlatform, settings: Settings) {
    this.#link = link;
    this.#clock = platform.clock;
    this.#random = platform.random;
    this.#digest = platform.digest;
    this.#lifeMs = settings.ticketLifeMs;
  }

  /** Makes a ticket; it can be used everywhere once `done` was called. */
  issue(given: unknown, done: (ticket: Ticket | Failure) => void): void {
    const nowMs = this.#clock.wallMs();
    const identity = identityIn(given, nowMs);
    if (isFailure(identity)) {
      done(identity);
      return;
    }
    const ticket = `${TICKET_PREFIX}${this.#random.id(TICKET_CHARS)}`;
    this.#append(ticket, 0, { identity, untilMs: nowMs + this.#lifeMs }, (failed) => {
      done(failed ?? { ok: true, ticket, expiresInMs: this.#lifeMs });
    });
  }

  /** Uses a ticket; null: it is not a ticket, has been used, or has expired. */
  redeem(ticket: string, done: (identity: Identity | null | Failure) => void): void {
    const channel = this.#channelOf(ticket);
    ask(
      () => this.#link.read({ channel, after: 0, maxCount: 2, maxBytes: 2 * MAX_IDENTITY_BYTES }),
      (page) => {
        if (isFailure(page)) {
          done(page);
          return;
        }
        const [issued] = page.entries;
        const identity = issued?.offset === ISSUED ? this.#valid(issued.data) : undefined;
        if (identity === undefined || page.top !== ISSUED) {
          done(null);
          return;
        }
        this.#append(ticket, ISSUED, {}, (failed) => {
          if (failed === undefined) done(identity);
          else done(failed.code === "offset_mismatch" ? null : failed);
        });
      },
    );
  }

  #valid(data: unknown): Identity | undefined {
    if (typeof data !== "object" || data === null) return undefined;
    const { identity, untilMs } = data as Record<string, unknown>;
    if (typeof untilMs !== "number" || untilMs <= this.#clock.wallMs()) return undefined;
    return isIdentity(identity) ? identity : undefined;
  }

  #append(
    ticket: string,
    expectedOffset: number,
    data: object,
    done: (failed: Failure | undefined) => void,
  ): void {
    const request = {
      channel: this.#channelOf(ticket),
      data,
      expectedOffset,
      timeMs: this.#clock.wallMs(),
      history: { maxCount: 2, maxBytes: 2 * MAX_IDENTITY_BYTES, maxAgeMs: this.#lifeMs },
    };
    ask(
      () => this.#link.publish(request),
      (outcome) => done(isFailure(outcome) ? outcome : undefined),
    );
  }

  #channelOf(ticket: string): string {
    return `${CHANNEL_PREFIX}${this.#digest(ticket)}`;
  }
}

const actions: readonly Action[] = ["subscribe", "publish", "presence", "history", "call"];
const fields = ["user", "can", "expiresAtMs"];

/** Reads whom a ticket is for. What is not known is refused: a misspelled `can` would permit nothing. */
function identityIn(given: unknown, nowMs: number): Identity | Failure {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return failure("bad_message", "Expected an object.");
  }
  const unknown = Object.keys(given).find((name) => !fields.includes(name));
  if (unknown !== undefined) return invalid(unknown, `one of the fields ${fields.join(", ")}`);
  const { user, can = {}, expiresAtMs } = given as Record<string, unknown>;
  if (user !== undefined && !isUser(user)) return invalid("user", "a user");
  if (!isCapabilities(can)) return invalid("can", "channel patterns and lists of actions");
  const isTime = expiresAtMs === undefined || Number.isSafeInteger(expiresAtMs);
  if (!isTime || Number(expiresAtMs ?? nowMs + 1) <= nowMs) {
    return invalid("expiresAtMs", "a time to come, in milliseconds");
  }
  const identity = {
    ...(user === undefined ? {} : { user }),
    can,
    issuedAtMs: nowMs,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs: Number(expiresAtMs) }),
  };
  if (Buffer.byteLength(JSON.stringify(identity)) > MAX_IDENTITY_BYTES - 256) {
    return failure("too_large", "The ticket's capabilities are too large.", { field: "/can" });
  }
  return identity;
}

function isCapabilities(value: unknown): value is Capabilities {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (listed) => Array.isArray(listed) && listed.every((each) => actions.includes(each)),
  );
}

function invalid(name: string, expected: string): Failure {
  return failure("invalid_field", `\`${name}\`: expected ${expected}.`, { field: `/${name}` });
}

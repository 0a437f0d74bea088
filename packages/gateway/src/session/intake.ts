import {
  type CloseCode,
  type Failure,
  failure,
  type Payload,
  type UpMessage,
} from "@holdfast/protocol";
import { parseUp } from "@holdfast/protocol/schemas";
import { type Advice, closeCode } from "./closing.js";
import type { SharedDoors } from "./door.js";
import type { Outbox } from "./outbox.js";
import type { Request } from "./peer.js";
import type { Rate } from "./rates.js";
import type { Shared } from "./shared.js";

/** Requests of one connection that carry an `id` and have not been answered. */
const MAX_OUTSTANDING_REQUESTS = 4_096;

/** The connection that commands come in on. */
export interface Taker {
  readonly shared: Shared;
  readonly outbox: Outbox;
  /** Nothing is taken any more. */
  readonly ended: boolean;
  /** A command that was admitted. `bytes` counts the frame with its first command. */
  take(command: UpMessage, bytes: number): void;
  refuse(request: Request, why: Failure): void;
  end(code: CloseCode, advice?: Advice): void;
}

/** Makes commands of what one connection sends, and refuses what is not a command, too large or too frequent. */
export class Intake implements SharedDoors {
  readonly address: Rate | undefined;
  /** Set when it is known whose the connection is. */
  user: Rate | undefined;
  readonly #taker: Taker;

  /** `address` is what all connections of its address share. */
  constructor(taker: Taker, address: Rate | undefined) {
    this.#taker = taker;
    this.address = address;
    this.clear();
  }

  /** Lets go of what is known under the connection's number. */
  clear(): void {
    const { outbox, shared } = this.#taker;
    shared.doors.clear(outbox.slot);
    shared.outstanding.clear(outbox.slot);
  }

  /** Counts a refusal; false: there were too many. Only before the connection has ended. */
  forgive(why: Failure): boolean {
    const { outbox, shared } = this.#taker;
    return shared.doors.forgive(outbox.slot, why);
  }

  /** A request's `id` is free again. Only before the connection has ended. */
  answered({ id }: { readonly id?: unknown }): void {
    const { outbox, shared } = this.#taker;
    if (typeof id === "number") shared.outstanding.delete(outbox.slot, id);
  }

  /** One whole message. */
  receive(payload: Payload, bytes: number): void {
    const { settings } = this.#taker.shared;
    if (bytes > settings.maxMessageBytes) {
      this.#taker.refuse(
        {},
        failure("too_large", `A message may have ${settings.maxMessageBytes} bytes.`),
      );
      return;
    }
    // The frame's bytes count with its first command.
    let uncounted = bytes;
    for (const value of this.#taker.outbox.codec.decode(payload, settings.maxMessagesPerFrame)) {
      if (this.#taker.ended) return;
      this.#admit(value, uncounted);
      uncounted = 0;
    }
  }

  #admit(value: unknown, bytes: number): void {
    const taker = this.#taker;
    const { doors, settings } = taker.shared;
    const { slot } = taker.outbox;
    const retryAfterMs = doors.admit(slot, bytes, this);
    if (retryAfterMs > 0) {
      if (doors.isFlooded(slot))
        taker.end(closeCode.rate_limited, { retryAfterMs: Math.max(1_000, retryAfterMs) });
      else taker.refuse(addressOf(value), failure("rate_limited", undefined, { retryAfterMs }));
      return;
    }
    const parsed = parseUp(value, settings);
    if (!parsed.ok) {
      const { code, message, field } = parsed;
      taker.refuse(parsed, failure(code, message, field === undefined ? {} : { field }));
      return;
    }
    const { message } = parsed;
    if ("id" in message && message.id !== undefined && !this.#register(message.id)) return;
    taker.take(message, bytes);
  }

  /** Request ids are unique while outstanding; false: refused. */
  #register(id: number): boolean {
    const taker = this.#taker;
    const { outstanding } = taker.shared;
    const { slot } = taker.outbox;
    if (outstanding.has(slot, id)) {
      const message = `Request ${id} is still outstanding.`;
      taker.refuse({ id }, failure("duplicate_id", message, { field: "/id" }));
      // The one that has it is still to be answered.
      if (!taker.ended) outstanding.add(slot, id);
      return false;
    }
    if (outstanding.size(slot) >= MAX_OUTSTANDING_REQUESTS) {
      const message = "Too many requests of this connection are outstanding.";
      taker.refuse({ id }, failure("busy", message, { retryAfterMs: 1_000 }));
      return false;
    }
    outstanding.add(slot, id);
    return true;
  }
}

/** What a reply to a command that was not even parsed is addressed by. */
function addressOf(value: unknown): Request {
  if (typeof value !== "object" || value === null || !("id" in value)) return {};
  const { id } = value;
  const isId = typeof id === "number" && Number.isInteger(id) && id >= 1 && id <= 0xffff_ffff;
  return isId ? { id } : {};
}

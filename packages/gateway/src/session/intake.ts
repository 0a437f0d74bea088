import {
  type CloseCode,
  type Codec,
  type Failure,
  failure,
  type Payload,
  type UpMessage,
} from "@holdfast/protocol";
import { parseUp } from "@holdfast/protocol/schemas";
import type { Advice } from "./closing.js";
import { DoorKeeper } from "./door.js";
import { Outstanding } from "./outstanding.js";
import type { Request } from "./peer.js";
import type { Rate } from "./rates.js";
import type { Shared } from "./shared.js";

/** Requests of one connection that carry an `id` and have not been answered. */
const MAX_OUTSTANDING_REQUESTS = 4_096;

/** The connection that commands come in on. */
export interface Taker {
  /** Nothing is taken any more. */
  readonly ended: boolean;
  /** A command that was admitted. `bytes` counts the frame with its first command. */
  take(command: UpMessage, bytes: number): void;
  refuse(request: Request, why: Failure): void;
  end(code: CloseCode, advice?: Advice): void;
}

/** Makes commands of what one connection sends, and refuses what is none, too large or too often. */
export class Intake {
  readonly #shared: Shared;
  readonly #codec: Codec;
  readonly #taker: Taker;
  readonly #door: DoorKeeper;
  readonly #outstanding = new Outstanding();

  /** `rate` is what all connections of its address share. */
  constructor(shared: Shared, codec: Codec, taker: Taker, rate: Rate | undefined) {
    this.#shared = shared;
    this.#codec = codec;
    this.#taker = taker;
    this.#door = new DoorKeeper(shared.doorRules, rate);
  }

  /** Counts commands against what all connections of the user share, from now on. */
  shareWithUser(rate: Rate | undefined): void {
    this.#door.shareWithUser(rate);
  }

  /** Counts a refusal; false: there were too many. */
  forgive(why: Failure): boolean {
    return this.#door.forgive(why);
  }

  /** A request's `id` is free again. */
  answered({ id }: { readonly id?: unknown }): void {
    if (typeof id === "number") this.#outstanding.delete(id);
  }

  /** One whole message. */
  receive(payload: Payload, bytes: number): void {
    const { settings } = this.#shared;
    if (bytes > settings.maxMessageBytes) {
      this.#taker.refuse(
        {},
        failure("too_large", `A message may have ${settings.maxMessageBytes} bytes.`),
      );
      return;
    }
    // The frame's bytes count with its first command.
    let uncounted = bytes;
    for (const value of this.#codec.decode(payload, settings.maxMessagesPerFrame)) {
      if (this.#taker.ended) return;
      this.#admit(value, uncounted);
      uncounted = 0;
    }
  }

  #admit(value: unknown, bytes: number): void {
    const taker = this.#taker;
    if (!this.#door.admit(bytes)) {
      const { flooded, retryAfterMs } = this.#door;
      if (flooded) taker.end(4007, { retryAfterMs: Math.max(1_000, retryAfterMs) });
      else taker.refuse(addressOf(value), failure("rate_limited", undefined, { retryAfterMs }));
      return;
    }
    const parsed = parseUp(value, this.#shared.settings);
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
    if (this.#outstanding.has(id)) {
      const message = `Request ${id} is still outstanding.`;
      this.#taker.refuse({ id }, failure("duplicate_id", message, { field: "/id" }));
      // The one that has it is still to be answered.
      this.#outstanding.add(id);
      return false;
    }
    if (this.#outstanding.size >= MAX_OUTSTANDING_REQUESTS) {
      const message = "Too many requests of this connection are outstanding.";
      this.#taker.refuse({ id }, failure("busy", message, { retryAfterMs: 1_000 }));
      return false;
    }
    this.#outstanding.add(id);
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

import { type Client, type ClientOptions, createClient } from "@holdfast/client/internal";
import type { AnyContract, Failure, Position, Subscribed } from "@holdfast/protocol";
import type { HistoryFact } from "../checker/history.js";
import type { VerifyPlatform } from "./settings.js";
import { Tap } from "./tap.js";

/** What a client of the run is made of. */
export interface ProbeClientOptions extends ClientOptions {
  readonly name: string;
  readonly url: string;
  readonly platform: VerifyPlatform;
  readonly record: (fact: HistoryFact) => void;
}

/** One channel as the application of this client sees it. */
interface Seen {
  /** The last publication handed over, or where the subscription began. */
  position: Position | undefined;
  /** The answer to a subscribe said the reason already; the reset that follows says it again. */
  announced: boolean;
  ended: boolean;
}

/** What a publish is asked to do beyond its payload. */
export interface PublishWish {
  readonly token?: string;
  readonly key?: string;
  readonly expectedOffset?: number;
}

/** A real client whose every operation and every delivery is recorded. */
export class ProbeClient {
  readonly name: string;
  readonly client: Client<AnyContract>;
  /** Publishes without an answer yet. */
  pending = 0;
  readonly #record: (fact: HistoryFact) => void;
  readonly #tap: Tap;
  readonly #seen = new Map<string, Seen>();
  /** Numbers of its publishes per channel, in the order the application gave them. */
  readonly #numbers = new Map<string, number>();
  #count = 0;
  #open = false;

  constructor(options: ProbeClientOptions) {
    const { name, platform, record, ...rest } = options;
    this.name = name;
    this.#record = record;
    this.#tap = new Tap(platform.openSocket, platform.codec, {
      onSubscribe: (channel, from) => this.#asked(channel, from),
      onSubscribed: (message) => this.#answered(message),
    });
    this.client = createClient({ ...rest, ...platform, openSocket: this.#tap.open });
    this.client.on("state", ({ now }) => this.#moved(now === "open"));
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Channels subscribed to. */
  get channels(): readonly string[] {
    return [...this.#seen.keys()];
  }

  /** Where the application stands on a channel. */
  position(channel: string): Position | undefined {
    return this.#seen.get(channel)?.position;
  }

  /** Subscribes; rejects with what the gateway refuses it for. */
  async subscribe(channel: string): Promise<void> {
    const seen: Seen = { position: undefined, announced: false, ended: false };
    this.#seen.set(channel, seen);
    const subscription = await this.client.channel(channel).subscribe({
      onPublication: (publication) => {
        seen.position = publication.position;
        this.#record({
          kind: "delivered",
          ...this.#place(channel),
          epoch: publication.position?.epoch ?? "",
          offset: publication.offset,
          id: publication.id,
          token: tokenOf(publication.data),
        });
      },
      onReset: ({ reason, position }) => {
        seen.position = position;
        if (!seen.announced && position !== undefined) {
          this.#record({ kind: "reset", ...this.#place(channel), reason, position });
        }
        seen.announced = false;
      },
    });
    void subscription.ended.then((error) => {
      seen.ended = true;
      if (error === undefined) return;
      this.#record({ kind: "unsubscribed", ...this.#place(channel), code: error.code });
    });
  }

  /** Publishes and records how it ended; the token it was known by, and whether it was acknowledged. */
  async publish(channel: string, wish: PublishWish = {}): Promise<Published> {
    const op = this.#nextOp();
    const { token = op, key = op, expectedOffset } = wish;
    const expected = expectedOffset === undefined ? {} : { expectedOffset };
    // A repeat under a known key appends nothing, so it has no place in the publisher's order.
    const session =
      wish.key === undefined ? { session: { id: this.name, seq: this.#next(channel) } } : {};
    const place = { client: this.name, channel, op };
    this.#record({ kind: "publish", ...place, token, key, ...session, ...expected });
    this.pending += 1;
    const result = await this.client.channel(channel).publish({ t: token }, { key, ...expected });
    this.pending -= 1;
    if (!result.ok) {
      this.#record({
        kind: "published",
        ...place,
        outcome: outcomeOf(result),
        code: result.code,
      });
      return { ok: false, token, key };
    }
    const { ok: _ok, ...receipt } = result;
    this.#record({ kind: "published", ...place, outcome: "ok", ...receipt });
    return { ok: true, token, key };
  }

  /** Reads a channel's newest position and records what was shown; `undefined` when it could not be read. */
  async read(
    channel: string,
  ): Promise<{ readonly epoch: string; readonly top: number } | undefined> {
    const place = { client: this.name, channel, op: this.#nextOp() };
    this.#record({ kind: "read", ...place });
    const page = await this.client.channel(channel).history({ limit: 1 });
    if (!page.ok) {
      this.#record({ kind: "readDone", ...place, outcome: outcomeOf(page) });
      return undefined;
    }
    const { epoch, top } = page;
    this.#record({ kind: "readDone", ...place, outcome: "ok", epoch, top });
    return { epoch, top };
  }

  /** Enters a channel's presence; the failure when it cannot. */
  async enter(channel: string): Promise<Failure | undefined> {
    const entered = await this.client.channel(channel).presence.enter();
    if (!entered.ok) return entered;
    const { member } = this.client;
    if (member === undefined) return undefined;
    this.#record({ kind: "entered", client: this.name, channel, member });
    return undefined;
  }

  /** Loses the connection, as with a cut cable. */
  cut(): void {
    this.#tap.cut();
  }

  /** Leaves for good; nothing is recorded any more. */
  close(): void {
    this.client.close();
  }

  #place(channel: string): { client: string; sub: string; channel: string } {
    return { client: this.name, sub: channel, channel };
  }

  #nextOp(): string {
    this.#count += 1;
    return `${this.name}.${this.#count}`;
  }

  #next(channel: string): number {
    const number = (this.#numbers.get(channel) ?? 0) + 1;
    this.#numbers.set(channel, number);
    return number;
  }

  #moved(open: boolean): void {
    if (open === this.#open) return;
    this.#open = open;
    this.#record({ kind: open ? "connected" : "disconnected", client: this.name });
  }

  #asked(channel: string, from: Position | undefined): void {
    this.#record({ kind: "subscribe", ...this.#place(channel), ...(from && { from }) });
  }

  #answered({ channel, resumed, position, top, contiguous, reason }: Subscribed): void {
    const seen = this.#seen.get(channel);
    if (seen === undefined) return;
    if (!resumed) seen.position = position;
    seen.announced = reason !== undefined;
    this.#record({
      kind: "subscribed",
      ...this.#place(channel),
      resumed,
      contiguous,
      ...(position && { position }),
      ...(top !== undefined && { top }),
      ...(reason !== undefined && { reason }),
    });
  }
}

/** How a publish ended, and the names it can be repeated under. */
export interface Published {
  readonly ok: boolean;
  readonly token: string;
  readonly key: string;
}

function outcomeOf(result: Failure): "failed" | "unknown" {
  return result.unknown === true ? "unknown" : "failed";
}

/** The token in a payload of this tool; what others publish is named as such. */
export function tokenOf(data: unknown): string {
  if (typeof data !== "object" || data === null) return "foreign";
  const { t } = data as { readonly t?: unknown };
  return typeof t === "string" ? t : "foreign";
}

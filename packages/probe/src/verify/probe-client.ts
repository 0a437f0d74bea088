import { type Client, type ClientOptions, createClient } from "@holdfast/client/internal";
import type {
  AnyContract,
  Codec,
  Failure,
  FoldedMode,
  Position,
  Subscribed,
} from "@holdfast/protocol";
import type { HistoryFact } from "../checker/history.js";
import { stateDigest } from "../checker/state-digest.js";
import type { VerifyPlatform } from "./settings.js";
import { dataOf, type StateReader, stateFact } from "./states.js";
import { Tap } from "./tap.js";

/** What a client of the run is made of. */
export interface ProbeClientOptions extends ClientOptions {
  readonly name: string;
  readonly url: string;
  readonly platform: VerifyPlatform;
  readonly codec: Codec;
  readonly record: (fact: HistoryFact) => void;
  /** The mode of a channel's state; `undefined`: it has none. */
  readonly modeOf: (channel: string) => FoldedMode | undefined;
  readonly readState?: StateReader;
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
  readonly #modeOf: (channel: string) => FoldedMode | undefined;
  readonly #readState: StateReader | undefined;
  readonly #tap: Tap;
  readonly #seen = new Map<string, Seen>();
  /** Numbers of its publishes per channel, in the order the application gave them. */
  readonly #numbers = new Map<string, number>();
  #count = 0;
  #open = false;

  constructor(options: ProbeClientOptions) {
    const { name, platform, record, modeOf, readState, ...rest } = options;
    this.name = name;
    this.#modeOf = modeOf;
    this.#readState = readState;
    this.#record = record;
    this.#tap = new Tap(platform.openSocket, options.codec, {
      onSubscribe: (channel, from) => this.#asked(channel, from),
      onSubscribed: (message) => this.#answered(message),
    });
    this.client = createClient({ ...rest, ...platform, openSocket: this.#tap.open });
    this.client.on("state", ({ now }) => this.#moved(now === "open"));
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Why it has ended for good without being asked to; `undefined`: it has not. */
  get ending(): Failure["code"] | undefined {
    return this.client.state.error?.code;
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
    const subscription = await this.#subscribed(channel, seen).catch((cause: unknown) => {
      this.#seen.delete(channel);
      this.#record({ kind: "unsubscribed", ...this.#place(channel) });
      throw cause;
    });
    void subscription.ended.then((error) => {
      seen.ended = true;
      if (error === undefined) return;
      this.#record({ kind: "unsubscribed", ...this.#place(channel), code: error.code });
    });
  }

  #subscribed(channel: string, seen: Seen) {
    return this.client.channel(channel).subscribe({
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
      onReset: ({ reason, position, state }) => {
        seen.position = position;
        if (!seen.announced && position !== undefined) {
          const digest = digestOf(state);
          this.#record({ kind: "reset", ...this.#place(channel), reason, position, ...digest });
        }
        seen.announced = false;
      },
      ...(this.#modeOf(channel) !== undefined && {
        onState: ({ state, position }) => {
          if (position !== undefined) this.#record(stateFact(this.name, channel, position, state));
        },
      }),
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
    const data = dataOf(token, this.#modeOf(channel));
    const result = await this.client.channel(channel).publish(data, { key, ...expected });
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

  /** Reads a channel's state over HTTP and records what was shown; nothing where that cannot be done. */
  async readState(channel: string): Promise<void> {
    if (this.#readState === undefined) return;
    const place = { client: this.name, channel, op: this.#nextOp() };
    this.#record({ kind: "read", ...place });
    const read = await this.#readState(channel).catch(() => undefined);
    if (read === undefined) {
      this.#record({ kind: "readDone", ...place, outcome: "unknown" });
      return;
    }
    const { epoch, offset } = read.position;
    this.#record({ kind: "readDone", ...place, outcome: "ok", epoch, top: offset });
    this.#record(stateFact("http", channel, read.position, read.state));
  }

  /** Records the states it has now, whether they have just moved or not; one that has ended has none. */
  noteStates(): void {
    if (this.ending !== undefined) return;
    for (const [channel, { position }] of this.#seen) {
      if (this.#modeOf(channel) === undefined || position === undefined) continue;
      this.#record(stateFact(this.name, channel, position, this.client.channel(channel).state));
    }
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

  #answered(message: Subscribed): void {
    const { channel, resumed, position, top, contiguous, reason, state } = message;
    const seen = this.#seen.get(channel);
    if (seen === undefined) return;
    // Resumed in another epoch: by its lineage, and at the same place.
    if (!resumed || position?.epoch !== seen.position?.epoch) seen.position = position;
    seen.announced = reason !== undefined;
    this.#record({
      kind: "subscribed",
      ...this.#place(channel),
      resumed,
      contiguous,
      ...(position && { position }),
      ...(top !== undefined && { top }),
      ...(reason !== undefined && { reason }),
      ...digestOf(state),
    });
  }
}

function digestOf(state: unknown): { readonly state?: string } {
  return state === undefined ? {} : { state: stateDigest(state) };
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

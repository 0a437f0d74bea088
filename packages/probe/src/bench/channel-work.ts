import type { DownMessage, ErrorReply } from "@holdfast/protocol";
import { within } from "../verify/patience.js";
import { channelName, channelsOf, subscribersOf } from "./audience.js";
import { filled, fillingFor, timesOf } from "./filling.js";
import { openAll } from "./opening.js";
import { type BenchSettings, benchLimits, connectionsOf } from "./settings.js";
import { type Opened, Wire } from "./wire.js";
import type { Work, WorkOptions } from "./work.js";

/** Keys of the `ticker`: symbols of which only the newest value counts. */
const symbols = 20;
/** Patience for the answer to a subscribe. */
const subscribeMs = 30_000;

/** One client: subscribed to its channels, and publisher to them when its turn comes. */
interface Reader {
  readonly wire: Wire;
  readonly channels: readonly number[];
  /** The last offset seen per channel, by the channel's name. */
  readonly offsets: Map<string, number>;
  subscribed: (result: Opened) => void;
  waiting: number;
  isOpen: boolean;
}

/** Clients that subscribe, publish and count: `fanout`, `chat`, `ticker`, `idle` and `ramp`. */
export class ChannelWork implements Work {
  readonly #options: WorkOptions;
  readonly #readers: Reader[] = [];
  readonly #filling: string;
  /** Channel of each publish that has no answer yet, by request id. */
  readonly #asked = new Map<number, number>();
  #id = 1;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#filling = fillingFor(options.settings.payloadBytes);
  }

  open(): Promise<readonly string[]> {
    const { settings, share, platform } = this.#options;
    const opens = connectionsOf(settings, share).map((number) => () => this.#open(number));
    return openAll(platform.clock, opens, settings.opensPerSecond / share.of);
  }

  act(dueMs: number, number: number): void {
    const { settings, platform, tally } = this.#options;
    const reader = this.#readers[number % this.#readers.length];
    const round = Math.floor(number / Math.max(1, this.#readers.length));
    const channel = reader?.channels[round % reader.channels.length];
    if (reader === undefined || channel === undefined) return;
    const leftMs = platform.clock.monoMs();
    const publication = {
      channel: channelName(settings, channel),
      data: filled(dueMs, leftMs, this.#filling),
      ...(settings.scenario === "ticker" && { ephemeral: true, key: `s${number % symbols}` }),
    };
    if (this.#asked.size >= benchLimits.maxOutstanding) {
      tally.failed("unanswered");
      return;
    }
    const id = this.#nextId();
    if (settings.api !== undefined) void this.#post(id, publication);
    else if (!reader.wire.send({ type: "publish", id, ...publication })) {
      tally.failed("not_connected");
      return;
    }
    this.#asked.set(id, channel);
    tally.counts.sent += 1;
    tally.left(dueMs, leftMs);
  }

  async #post(id: number, publication: object): Promise<void> {
    const { settings, platform, tally } = this.#options;
    const { url = "", key = "" } = settings.api ?? {};
    const status = await platform.post(url, key, publication);
    if (status === 200) {
      this.#acknowledged(id);
      return;
    }
    this.#asked.delete(id);
    tally.failed(`http_${status}`);
  }

  cut(): void {
    for (const { wire } of this.#readers) wire.close();
  }

  async miss(): Promise<void> {}

  close(): void {
    this.cut();
  }

  async #open(number: number): Promise<Opened> {
    const { settings, platform, tally } = this.#options;
    const reader: Reader = {
      wire: new Wire(settings, platform, {
        message: (message, atMs) => this.#take(reader, message, atMs),
        lost: () => this.#lost(reader),
      }),
      channels: channelsOf(settings, number),
      offsets: new Map(),
      subscribed: () => {},
      waiting: 0,
      isOpen: false,
    };
    const opened = await reader.wire.open();
    if (!opened.ok) return opened;
    const subscribed = await this.#subscribe(reader, settings);
    if (!subscribed.ok) {
      reader.wire.close();
      return subscribed;
    }
    tally.counts.opened += 1;
    tally.counts.subscribed += reader.channels.length;
    reader.isOpen = true;
    this.#readers.push(reader);
    return subscribed;
  }

  async #subscribe(reader: Reader, settings: BenchSettings): Promise<Opened> {
    const answered = new Promise<Opened>((resolve) => {
      reader.subscribed = resolve;
    });
    reader.waiting = reader.channels.length;
    for (const channel of reader.channels) {
      const id = this.#nextId();
      reader.wire.send({ type: "subscribe", id, channel: channelName(settings, channel) });
    }
    const late = { ok: false, code: "timeout", retryAfterMs: 1_000 } as const;
    return (await within(this.#options.platform.clock, subscribeMs, answered)) ?? late;
  }

  #lost(reader: Reader): void {
    const { counts } = this.#options.tally;
    if (!reader.isOpen) {
      reader.subscribed({ ok: false, code: "closed", retryAfterMs: 1_000 });
      return;
    }
    counts.lost += 1;
    counts.opened -= 1;
  }

  #take(reader: Reader, message: DownMessage, atMs: number): void {
    switch (message.type) {
      case "publication":
        this.#contiguous(reader, message.channel, message.offset);
        this.#delivered(message.data, atMs);
        break;
      case "ephemeral":
        this.#delivered(message.data, atMs);
        break;
      case "published":
        this.#acknowledged(message.id);
        break;
      case "subscribed":
        reader.offsets.set(message.channel, message.position?.offset ?? 0);
        reader.waiting -= 1;
        if (reader.waiting === 0) reader.subscribed({ ok: true });
        break;
      case "reset":
        this.#options.tally.counts.resets += 1;
        reader.offsets.set(message.channel, message.position.offset);
        break;
      case "error":
        this.#refused(reader, message);
        break;
      default:
    }
  }

  #contiguous(reader: Reader, channel: string, offset: number): void {
    const { counts } = this.#options.tally;
    const last = reader.offsets.get(channel) ?? offset - 1;
    if (offset <= last) {
      counts.repeated += 1;
      return;
    }
    counts.missing += offset - last - 1;
    reader.offsets.set(channel, offset);
  }

  #delivered(data: unknown, atMs: number): void {
    const { tally } = this.#options;
    const times = timesOf(data);
    if (times === undefined) return;
    tally.counts.received += 1;
    tally.arrived(times.dueMs, times.leftMs, atMs);
  }

  #acknowledged(id: number | undefined): void {
    const { settings, tally } = this.#options;
    const channel = id === undefined ? undefined : this.#asked.get(id);
    if (id === undefined || channel === undefined) return;
    this.#asked.delete(id);
    tally.counts.answered += 1;
    tally.counts.expected += subscribersOf(settings, channel);
  }

  #refused(reader: Reader, { id, code, retryable, retryAfterMs = 1_000 }: ErrorReply): void {
    if (reader.waiting > 0) {
      reader.subscribed({ ok: false, code, ...(retryable && { retryAfterMs }) });
    }
    if (id !== undefined) this.#asked.delete(id);
    this.#options.tally.failed(code);
  }

  #nextId(): number {
    // Ids are 1 … 2³²−1 and unique while outstanding.
    this.#id = this.#id >= 4_294_967_295 ? 2 : this.#id + 1;
    return this.#id;
  }
}

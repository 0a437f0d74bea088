import { type Client, createClient } from "@holdfast/client/internal";
import type { SeededRandom } from "@holdfast/core/testing";
import type { HistoryFact } from "@holdfast/probe";
import type { AnyContract, DownMessage, Failure, Position } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { SimProcess } from "../process/process.js";
import type { Coverage } from "./coverage.js";
import { tokenFor } from "./credentials.js";
import type { GatewayNode } from "./gateway.js";
import type { Network, NetworkEnd } from "./network.js";
import { Place } from "./place.js";
import type { SharedWorld } from "./shared.js";
import { tokenOf } from "./token.js";

/** What an application is made of. */
export interface ActorOptions {
  readonly name: string;
  readonly world: SharedWorld;
  readonly network: Network;
  readonly random: SeededRandom;
  readonly coverage: Coverage;
  /** Life of a token in milliseconds; 0: for ever. */
  readonly tokenLifeMs: number;
  /** Called before a reset is recorded, so that its cause stands before it. */
  readonly beforeReset: (channel: string) => void;
}

/** Presence has to come to an end that is known, however long it takes. */
const patienceMs = 3_600_000;

/** An application with the real client: it subscribes, publishes, reads, and records what it sees. */
export class Actor implements NetworkEnd {
  readonly name: string;
  readonly process: SimProcess;
  readonly client: Client<AnyContract>;
  readonly #options: ActorOptions;
  readonly #places = new Map<string, Place>();
  readonly #keys: {
    readonly channel: string;
    readonly key: string;
    readonly token: string;
    readonly size: number;
  }[] = [];
  #ops = 0;
  #subs = 0;
  #open = false;
  #closed = false;
  #refusesToRenew = false;
  readonly present = new Set<string>();

  constructor(options: ActorOptions) {
    const { name, world, network, random } = options;
    this.#options = options;
    this.name = name;
    this.process = new SimProcess(name, world.clock);
    this.client = createClient({
      url: "ws://balancer/ws",
      clock: this.process.clock,
      random: random.fork(),
      codec: jsonCodec,
      openSocket: network.opener(this),
      requestTimeoutMs: patienceMs,
      jumpCheckMs: 0,
      getToken: () => this.#token(),
    });
    this.client.on("state", ({ now }) => this.#moved(now === "open"));
  }

  /** Subscribed channels. */
  get channels(): readonly string[] {
    return [...this.#places.keys()];
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Where the application stands on a channel. */
  position(channel: string): Position | undefined {
    return this.#places.get(channel)?.position;
  }

  /** Begins a subscription; `from` resumes what another life of the application had. */
  subscribe(channel: string, from?: Position, last?: number): void {
    if (this.#places.has(channel) || this.#closed) return;
    this.#subs += 1;
    const stop = new AbortController();
    const place = new Place(`${channel}#${this.#subs}`, from, stop);
    this.#places.set(channel, place);
    const at = { client: this.name, sub: place.sub, channel };
    if (last !== undefined) this.#options.coverage.hit("late-joiner");
    this.client
      .channel(channel)
      .subscribe({
        ...(from && { position: from }),
        ...(last !== undefined && { last }),
        signal: stop.signal,
        onPublication: ({ position, offset, id, data }) => {
          place.position = position;
          const epoch = position?.epoch ?? "";
          this.#record({ kind: "delivered", ...at, epoch, offset, id, token: tokenOf(data) });
        },
        onReset: ({ reason, position }) => {
          place.position = position;
          const wasAnnounced = place.announced;
          place.announced = false;
          if (wasAnnounced || position === undefined) return;
          this.#options.coverage.hit("reset");
          this.#options.beforeReset(channel);
          this.#record({ kind: "reset", ...at, reason, position });
        },
        onEphemeral: ({ data }) => this.#record({ kind: "ephemeral", ...at, token: tokenOf(data) }),
      })
      .then((subscription) => subscription.ended)
      .then(
        (error) => this.#ended(channel, place, error?.code),
        (error: Failure) => this.#ended(channel, place, error.code),
      );
  }

  unsubscribe(channel: string): void {
    this.#places.get(channel)?.stop.abort();
  }

  /** Publishes; now and then under a key that was used before. */
  async publish(channel: string, size: number): Promise<void> {
    const { random, coverage } = this.#options;
    const op = this.#op();
    const known = random.chance(0.1) && this.#keys.length > 0 ? random.pick(this.#keys) : undefined;
    const again = known?.channel === channel ? known : undefined;
    const conflicting = again !== undefined && random.chance(0.3);
    const token = again === undefined || conflicting ? op : again.token;
    const key = again?.key ?? op;
    const at = this.position(channel)?.offset;
    const compares = at !== undefined && again === undefined && random.chance(0.1);
    const expected = compares ? { expectedOffset: at } : {};
    const user = this.name;
    this.#record({
      kind: "publish",
      client: this.name,
      channel,
      op,
      token,
      key,
      user,
      ...expected,
    });
    if (again === undefined) this.#keys.push({ channel, key, token, size });
    if (this.#keys.length > 8) this.#keys.shift();
    // A repeat under a key is the same payload, whatever size was drawn now.
    const pad = "x".repeat(again !== undefined && !conflicting ? again.size : size);
    const result = await this.client
      .channel(channel)
      .publish({ t: token, pad }, { key, ...expected });
    if (this.#closed) return;
    if (result.ok) {
      const { offset, epoch, duplicate } = result;
      if (duplicate === true) coverage.hit("publish-repeated");
      this.#record({
        kind: "published",
        client: this.name,
        channel,
        op,
        outcome: "ok",
        ...(offset !== undefined && { offset }),
        ...(epoch !== undefined && { epoch }),
        ...(duplicate !== undefined && { duplicate }),
      });
      return;
    }
    const unknown = result.unknown === true;
    if (unknown) coverage.hit("publish-unknown");
    if (result.code === "conflict") coverage.hit("publish-conflict");
    if (result.code === "offset_mismatch") coverage.hit("offset-mismatch");
    const outcome = unknown ? "unknown" : "failed";
    this.#record({ kind: "published", client: this.name, channel, op, outcome, code: result.code });
  }

  /** Publishes something that need not arrive. */
  whisper(channel: string): void {
    const op = this.#op();
    this.#record({
      kind: "publish",
      client: this.name,
      channel,
      op,
      token: op,
      ephemeral: true,
    });
    void this.client.channel(channel).publish({ t: op }, { ephemeral: true, key: "cursor" });
  }

  async read(channel: string): Promise<void> {
    const at = { client: this.name, channel, op: this.#op() };
    this.#record({ kind: "read", ...at });
    const page = await this.client.channel(channel).history({ limit: 1 });
    if (this.#closed) return;
    if (!page.ok) this.#record({ kind: "readDone", ...at, outcome: "unknown" });
    else this.#record({ kind: "readDone", ...at, outcome: "ok", epoch: page.epoch, top: page.top });
  }

  async enter(channel: string, data: number): Promise<void> {
    const entered = await this.client.channel(channel).presence.enter({ data });
    const { member } = this.client;
    if (this.#closed || !entered.ok || member === undefined || this.present.has(channel)) return;
    this.present.add(channel);
    this.#record({ kind: "entered", client: this.name, channel, member });
  }

  leave(channel: string): void {
    const { member } = this.client;
    if (member === undefined || !this.present.delete(channel)) return;
    this.#record({ kind: "left", client: this.name, channel, member });
    void this.client.channel(channel).presence.leave();
  }

  /** From now on it fetches no fresh token: when this one ends, so does everything. */
  letExpire(): void {
    this.#refusesToRenew = true;
  }

  /** Ends the application. */
  close(): void {
    if (this.#closed) return;
    for (const [channel, place] of this.#places) this.#ended(channel, place, undefined);
    this.#moved(false);
    this.#closed = true;
    this.client.close();
    this.process.kill();
  }

  onUp(message: {
    readonly type: string;
    readonly channel?: string;
    readonly position?: Position;
  }) {
    if (message.type !== "subscribe" || message.channel === undefined) return;
    const place = this.#places.get(message.channel);
    if (place === undefined) return;
    const from = message.position;
    place.asked = from;
    const { channel } = message;
    this.#record({
      kind: "subscribe",
      client: this.name,
      sub: place.sub,
      channel,
      ...(from && { from }),
    });
  }

  onDown(message: DownMessage, gateway: GatewayNode): void {
    if (message.type === "publication") {
      this.#places.get(message.channel)?.received(message.offset);
      return;
    }
    if (message.type === "disconnect") {
      if (message.code === 4001) this.#options.coverage.hit("slow-reader-closed");
      if (message.code === 4006) this.#options.coverage.hit("token-expired");
    }
    if (message.type !== "subscribed") return;
    const place = this.#places.get(message.channel);
    if (place === undefined) return;
    const { channel, resumed, position, top, contiguous, reason } = message;
    const { coverage, beforeReset } = this.#options;
    for (const situation of place.begun(message, gateway.name)) coverage.hit(situation);
    if (reason !== undefined) {
      coverage.hit("reset");
      beforeReset(channel);
    }
    this.#record({
      kind: "subscribed",
      client: this.name,
      sub: place.sub,
      channel,
      resumed,
      contiguous,
      ...(position && { position }),
      ...(top !== undefined && { top }),
      ...(reason !== undefined && { reason }),
    });
  }

  onCut(): void {
    for (const place of this.#places.values()) {
      for (const situation of place.cut()) this.#options.coverage.hit(situation);
    }
  }

  #token(): string {
    const { tokenLifeMs, world } = this.#options;
    if (tokenLifeMs === 0) return tokenFor(this.name, 0);
    const untilMs = world.clock.wallMs() + tokenLifeMs;
    if (!this.#refusesToRenew) {
      this.#lastUntilMs = untilMs;
      return tokenFor(this.name, untilMs);
    }
    return tokenFor(this.name, this.#lastUntilMs);
  }

  #lastUntilMs = 0;

  /** When the token that is used now ends (wall clock). */
  get tokenEndsMs(): number {
    return this.#lastUntilMs;
  }

  #ended(channel: string, place: Place, code: string | undefined): void {
    if (this.#places.get(channel) === place) this.#places.delete(channel);
    if (this.#closed) return;
    this.#record({
      kind: "unsubscribed",
      client: this.name,
      sub: place.sub,
      channel,
      ...(code !== undefined && { code }),
    });
  }

  #moved(open: boolean): void {
    if (open === this.#open) return;
    this.#open = open;
    this.#record({ kind: open ? "connected" : "disconnected", client: this.name });
  }

  #op(): string {
    this.#ops += 1;
    return `${this.name}.${this.#ops}`;
  }

  #record(fact: HistoryFact): void {
    if (!this.#closed) this.#options.world.recorder.record(fact);
  }
}

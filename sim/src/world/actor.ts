import { type Client, createClient } from "@holdfast/client/internal";
import type { SeededRandom } from "@holdfast/core/testing";
import { type HistoryFact, stateDigest } from "@holdfast/probe";
import type {
  AnyContract,
  Codec,
  DownMessage,
  Failure,
  Position,
  Subscribe,
} from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { SimProcess } from "../process/process.js";
import { kindOf, stepOf } from "../state/kinds.js";
import { readStateOverHttp } from "../state/reading.js";
import { Asking } from "./asking.js";
import { Attendance } from "./attendance.js";
import type { Coverage } from "./coverage.js";
import { Tokens } from "./credentials.js";
import type { Network, NetworkEnd, Origin } from "./network.js";
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
  /** Where the newest frame came from. */
  #origin: Origin | undefined;
  #subs = 0;
  #loads = 0;
  #open = false;
  #closed = false;
  readonly tokens: Tokens;
  readonly asking: Asking;
  readonly attendance: Attendance;

  constructor(options: ActorOptions) {
    const { name, world, network, random } = options;
    this.#options = options;
    this.name = name;
    this.process = new SimProcess(name, world.clock);
    this.tokens = new Tokens(name, options.tokenLifeMs, world.clock);
    this.client = createClient({
      url: "ws://balancer/ws",
      clock: this.process.clock,
      random: random.fork(),
      codec: this.#tapped(jsonCodec),
      openSocket: network.opener(this),
      requestTimeoutMs: patienceMs,
      jumpCheckMs: 0,
      getToken: () => this.tokens.next(),
    });
    this.asking = new Asking({
      ...options,
      client: this.client,
      record: (fact) => this.#record(fact),
      position: (channel) => this.position(channel),
    });
    this.attendance = new Attendance({
      ...options,
      client: this.client,
      record: (fact) => this.#record(fact),
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

  /** What the application would keep of a channel to go on from: its position, and the state there. */
  kept(channel: string): { readonly position?: Position; readonly state?: unknown } {
    const place = this.#places.get(channel);
    if (place === undefined) return {};
    if (stepOf(channel) !== undefined) return place.held ?? {};
    return place.position === undefined ? {} : { position: place.position };
  }

  /** Begins a subscription; `from` resumes what another life of the application had, with its state. */
  subscribe(channel: string, from?: Position, last?: number, state?: unknown): void {
    if (this.#places.has(channel) || this.#closed) return;
    this.#subs += 1;
    const stop = new AbortController();
    const place = new Place(`${channel}#${this.#subs}`, from, stop);
    if (from !== undefined && state !== undefined) place.held = { state, position: from };
    this.#places.set(channel, place);
    const at = { client: this.name, sub: place.sub, channel };
    if (last !== undefined) this.#options.coverage.hit("late-joiner");
    this.client
      .channel(channel)
      .subscribe({
        ...(from && { position: from }),
        ...(last !== undefined && { last }),
        ...(state !== undefined && { state }),
        ...this.#stateOptions(channel, place),
        signal: stop.signal,
        onPublication: ({ position, offset, id, data }) => {
          place.position = position;
          const epoch = position?.epoch ?? "";
          this.#record({ kind: "delivered", ...at, epoch, offset, id, token: tokenOf(data) });
        },
        onReset: ({ reason, position, state }) => {
          place.position = position;
          const wasAnnounced = place.announced;
          place.announced = false;
          if (wasAnnounced || position === undefined) return;
          this.#options.coverage.hit("reset");
          this.#options.beforeReset(channel);
          const digest = state === undefined ? {} : { state: stateDigest(state) };
          this.#noteReset(reason, state);
          this.#record({ kind: "reset", ...at, reason, position, ...digest });
        },
        onEphemeral: ({ data }) => this.#record({ kind: "ephemeral", ...at, token: tokenOf(data) }),
      })
      .then((subscription) => subscription.ended)
      .then(
        (error) => this.#ended(channel, place, error?.code),
        (error: Failure) => this.#ended(channel, place, error.code),
      );
  }

  /** Asks over HTTP for the state of a channel; and then streams on from there, where it does not yet. */
  async load(channel: string): Promise<void> {
    const { coverage, network, name } = this.#options;
    const gateway = network.reachable();
    if (gateway === undefined || this.#closed) return;
    this.#loads += 1;
    const op = `${name}.http.${this.#loads}`;
    const record = (fact: HistoryFact) => this.#record(fact);
    const read = await readStateOverHttp({ client: name, channel, op, gateway, record });
    if (read === undefined || this.#closed) return;
    coverage.hit("state-read");
    if (this.#places.has(channel)) return;
    coverage.hit("state-loaded-first");
    this.subscribe(channel, read.position, undefined, read.state);
  }

  unsubscribe(channel: string): void {
    // Without a reason the platform makes an error with a stack, of which nobody takes notice.
    this.#places.get(channel)?.stop.abort("unsubscribed");
  }

  /** Records what the client has at rest, whether it told of it or not: states, and who is present. */
  conclude(): void {
    this.attendance.conclude();
    for (const [channel, { position }] of this.#places) {
      if (stepOf(channel) === undefined || position === undefined || this.#closed) continue;
      this.#note(channel, position, this.client.channel(channel).state);
    }
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

  onFrame(from: Origin): void {
    this.#origin = from;
  }

  /** The codec, and a look at what passes it: each message of the client is read and written once. */
  #tapped(codec: Codec): Codec {
    return {
      ...codec,
      encode: (message) => {
        if (message.type === "subscribe") this.#subscribes(message);
        return codec.encode(message);
      },
      decode: (payload, maxMessages) => {
        const messages = codec.decode(payload, maxMessages);
        for (const message of messages) this.#hears(message as DownMessage);
        return messages;
      },
    };
  }

  #subscribes(message: Subscribe): void {
    const place = this.#places.get(message.channel);
    if (place === undefined) return;
    const from = message.position;
    place.asked = from;
    place.request = message.id;
    place.awaiting = true;
    const { channel } = message;
    this.#record({
      kind: "subscribe",
      client: this.name,
      sub: place.sub,
      channel,
      ...(from && { from }),
    });
  }

  #hears(message: DownMessage): void {
    const { coverage, beforeReset, network } = this.#options;
    const origin = this.#origin;
    if (origin === undefined) return;
    if (message.type === "publication") {
      this.#places.get(message.channel)?.received(message.offset);
      return;
    }
    if (message.type === "disconnect") {
      if (message.code === 4001) coverage.hit("slow-reader-closed");
      if (message.code === 4006) coverage.hit("token-expired");
    }
    if (message.type !== "subscribed") return;
    network.subscribed(message, origin.link, this.name);
    const place = this.#places.get(message.channel);
    if (place === undefined) return;
    // The answer to an earlier subscription of the same channel is not this one's.
    if (message.id !== undefined ? message.id !== place.request : place.awaiting) return;
    place.awaiting = false;
    const { channel, resumed, position, top, contiguous, reason, state } = message;
    for (const situation of place.begun(message, origin.gateway.name)) coverage.hit(situation);
    if (reason !== undefined) {
      coverage.hit("reset");
      this.#noteReset(reason, state);
      beforeReset(channel);
    }
    const digest = state === undefined ? {} : { state: stateDigest(state) };
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
      ...digest,
    });
  }

  /** From here on it is gone for everybody else, however long it believes in a connection that is half open. */
  onEndedAtGateway(gateway: string): void {
    if (this.#open) this.#record({ kind: "disconnected", client: this.name, gateway });
  }

  onCut(): void {
    for (const place of this.#places.values()) {
      for (const situation of place.cut()) this.#options.coverage.hit(situation);
    }
  }

  /** Shows every state that the client has, where there is one to show. */
  #stateOptions(channel: string, place: Place) {
    const step = stepOf(channel);
    if (step === undefined) return {};
    const reduce = (state: unknown, { data }: { readonly data: unknown }) => step(state, data);
    return {
      ...(kindOf(channel) === "book" && { reduce }),
      onState: ({ state, position }: { state: unknown; position: Position | undefined }) => {
        if (position === undefined) return;
        place.held = { state, position };
        this.#note(channel, position, state);
      },
    };
  }

  #note(channel: string, { epoch, offset }: Position, state: unknown): void {
    const digest = stateDigest(state);
    this.#record({ kind: "state", observer: this.name, channel, epoch, offset, digest });
  }

  #noteReset(reason: string, state: unknown): void {
    if (state === undefined) return;
    this.#options.coverage.hit(reason === "state_lost" ? "state-lost" : "state-reset");
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

  #record(fact: HistoryFact): void {
    if (!this.#closed) this.#options.world.recorder.record(fact);
  }
}

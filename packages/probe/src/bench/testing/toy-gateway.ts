import type { OpenSocket, SocketEvents } from "@holdfast/client/internal";
import type { Clock } from "@holdfast/core";
import type { DownMessage, Payload, UpMessage } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";

/** What goes wrong at a toy gateway. */
export interface ToyFaults {
  /** Time until an answer or a delivery leaves. */
  delayMs: number;
  /** Until then nothing leaves; what should have is sent at once. */
  stalledUntilMs: number;
  /** Every so many deliveries one is lost; 0: none. */
  loseEvery: number;
  /** Every so many deliveries one comes twice; 0: none. */
  repeatEvery: number;
  /** Every subscribe gets this error. */
  refuse: string | undefined;
}

/** Just enough of a gateway to be measured on a driven clock. */
export class ToyGateway {
  readonly faults: ToyFaults = {
    delayMs: 1,
    stalledUntilMs: 0,
    loseEvery: 0,
    repeatEvery: 0,
    refuse: undefined,
  };
  readonly #clock: Clock;
  readonly #subscribers = new Map<string, Set<SocketEvents>>();
  readonly #offsets = new Map<string, number>();
  #deliveries = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sends each message back, as a bare WebSocket echo does. */
  readonly openEcho: OpenSocket = (_url, _subprotocols, events) => {
    this.#later(() => events.onOpen());
    return {
      bufferedBytes: 0,
      send: (payload) => this.#later(() => events.onMessage(payload)),
      close: () => {},
      drop: () => {},
    };
  };

  readonly openSocket: OpenSocket = (_url, _subprotocols, events) => {
    this.#later(() => events.onOpen());
    const leave = () => {
      for (const subscribers of this.#subscribers.values()) subscribers.delete(events);
    };
    return {
      bufferedBytes: 0,
      send: (payload) => this.#take(events, payload),
      close: leave,
      drop: leave,
    };
  };

  #take(events: SocketEvents, payload: Payload): void {
    for (const part of jsonCodec.decode(payload, 100)) this.#obey(events, part as UpMessage);
  }

  #obey(events: SocketEvents, message: UpMessage): void {
    const say = (down: object) => this.#say(events, down);
    switch (message.type) {
      case "connect":
        say({ type: "connected", id: message.id });
        break;
      case "ping":
        say({ type: "pong", id: message.id });
        break;
      case "call":
        say({ type: "result", id: message.id, data: message.data });
        break;
      case "subscribe":
        this.#subscribe(events, message.channel, message.id);
        break;
      case "publish":
        this.#publish(events, message);
        break;
      default:
    }
  }

  #subscribe(events: SocketEvents, channel: string, id: number | undefined): void {
    const { refuse } = this.faults;
    if (refuse !== undefined) {
      this.#say(events, { type: "error", id, code: refuse, message: "", retryable: false });
      return;
    }
    const subscribers = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, subscribers.add(events));
    const position = { epoch: "e", offset: this.#offsets.get(channel) ?? 0 };
    this.#say(events, { type: "subscribed", id, channel, resumed: false, position });
  }

  #publish(events: SocketEvents, message: UpMessage & { type: "publish" }): void {
    const { channel, id, data, ephemeral } = message;
    const offset = (this.#offsets.get(channel) ?? 0) + 1;
    if (ephemeral !== true) this.#offsets.set(channel, offset);
    this.#say(events, { type: "published", id, channel, offset, epoch: "e" });
    const down =
      ephemeral === true
        ? { type: "ephemeral", channel, data }
        : { type: "publication", channel, offset, id: "p", data };
    for (const subscriber of this.#subscribers.get(channel) ?? []) {
      this.#deliveries += 1;
      const { loseEvery, repeatEvery } = this.faults;
      if (loseEvery > 0 && this.#deliveries % loseEvery === 0) continue;
      this.#say(subscriber, down);
      if (repeatEvery > 0 && this.#deliveries % repeatEvery === 0) this.#say(subscriber, down);
    }
  }

  #say(events: SocketEvents, message: object): void {
    const payload = jsonCodec.encode(message as DownMessage);
    this.#later(() => events.onMessage(payload));
  }

  #later(step: () => void): void {
    const stallMs = this.faults.stalledUntilMs - this.#clock.monoMs();
    this.#clock.after(Math.max(this.faults.delayMs, stallMs), step);
  }
}

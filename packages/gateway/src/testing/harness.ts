import { type Broker, createMemoryBroker, type MemoryBrokerOptions } from "@holdfast/broker";
import { defaultsOf } from "@holdfast/core";
import {
  type RecordingLogger,
  type RecordingMeter,
  recordingLogger,
  recordingMeter,
  SeededRandom,
  VirtualClock,
} from "@holdfast/core/testing";
import type { Codec, DownMessage, Payload, UpMessage } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { createCore } from "../core.js";
import type { CoreOptions, GatewayCore } from "../core-contract.js";
import { digestOf } from "../node/digest.js";
import { type Settings, settings } from "../settings.js";
import type { Connection, Frame, Handshake, Transport } from "../transport.js";

type Down<Type extends DownMessage["type"]> = Extract<DownMessage, { type: Type }>;

/** A socket that a test holds both ends of. */
export class FakeTransport implements Transport {
  readonly codec: Codec;
  readonly negotiated: boolean;
  /** Set by tests that play a slow reader; while `stalled`, what is written stays here. */
  bufferedBytes = 0;
  stalled = false;
  pings = 0;
  writes = 0;
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  terminated = false;
  /** The gateway's connection, set by `TestGateway.connect`. */
  connection: Connection | undefined;
  /** The bytes and texts that were written, each a frame. */
  readonly payloads: Payload[] = [];
  /** Set by tests that play a socket that can. */
  withPing?(message: Frame): Frame;
  readonly #reader: Codec;
  readonly #received: DownMessage[] = [];

  constructor(negotiated = true, codec: Codec = jsonCodec) {
    this.negotiated = negotiated;
    this.codec = codec;
    this.#reader = codec.forConnection?.() ?? codec;
  }

  write(frames: readonly Frame[]): void {
    this.writes++;
    for (const frame of frames) {
      if (this.stalled) this.bufferedBytes += frame.size;
      this.payloads.push(frame.payload);
      for (const message of this.#reader.decode(frame.payload, 1)) {
        this.#received.push(message as DownMessage);
      }
    }
  }

  ping(): void {
    this.pings++;
  }

  close(code: number, reason: string): void {
    if (this.closedWith !== undefined) return;
    this.closedWith = { code, reason };
    this.connection?.closed(code);
  }

  terminate(): void {
    this.terminated = true;
    this.connection?.closed(1006);
  }

  /** The socket takes no more, or takes everything again. */
  stall(stalled: boolean): void {
    this.stalled = stalled;
    if (stalled) return;
    this.bufferedBytes = 0;
    this.connection?.drained();
  }

  /** Sends commands in one frame. */
  send(...commands: (UpMessage | Record<string, unknown>)[]): void {
    if (!this.codec.binary) {
      this.sendText(commands.map((command) => JSON.stringify(command)).join("\n"));
      return;
    }
    const parts = commands.map((command) => this.codec.encode(command as UpMessage));
    this.sendBytes(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }

  sendText(text: string): void {
    this.connection?.receive(text);
  }

  sendBytes(bytes: Uint8Array): void {
    this.connection?.receive(bytes);
  }

  /** The peer is gone. */
  drop(): void {
    this.connection?.closed(1006);
  }

  get received(): readonly DownMessage[] {
    return this.#received;
  }

  of<Type extends DownMessage["type"]>(type: Type): readonly Down<Type>[] {
    return this.#received.filter((message): message is Down<Type> => message.type === type);
  }

  last<Type extends DownMessage["type"]>(type: Type): Down<Type> {
    const found = this.of(type).at(-1);
    if (found === undefined) {
      const types = this.#received.map((message) => message.type).join(", ");
      throw new Error(`no ${type} among: ${types}`);
    }
    return found;
  }

  /** Takes everything received so far. */
  take(): DownMessage[] {
    return this.#received.splice(0);
  }
}

/** How a test's gateway differs from one where everybody may do everything. */
export interface TestOptions extends Partial<Omit<CoreOptions, "settings" | "clock">> {
  readonly settings?: Partial<Settings>;
  readonly engine?: Partial<MemoryBrokerOptions>;
  /** A world to share with another gateway. */
  readonly clock?: VirtualClock;
}

/** A core under a clock that the test drives, over the memory engine unless another is given. */
export interface TestGateway {
  readonly clock: VirtualClock;
  readonly broker: Broker;
  readonly core: GatewayCore;
  readonly logger: RecordingLogger;
  readonly meter: RecordingMeter;
  /** A new socket; nothing was sent on it. */
  connect(handshake?: Partial<Handshake>, negotiated?: boolean, codec?: Codec): FakeTransport;
  /** A new socket whose session is open. */
  open(connect?: Record<string, unknown>, codec?: Codec): Promise<FakeTransport>;
  /** Lets ticks and promises settle without moving time. */
  settle(): Promise<void>;
}

/** What anonymous test connections may do. */
export const everything = {
  "*": ["subscribe", "publish", "presence", "history", "call"],
} as const;

/** Makes a gateway for a test. */
export async function testGateway(options: TestOptions = {}): Promise<TestGateway> {
  const { settings: overrides, engine, ...rest } = options;
  const clock = options.clock ?? new VirtualClock();
  const random = options.random ?? new SeededRandom(1);
  const broker = options.broker ?? createMemoryBroker({ clock, random, ...engine });
  const logger = recordingLogger();
  const meter = recordingMeter();
  const core = await createCore({
    gateway: "gateway-1",
    random,
    digest: digestOf,
    logger,
    meter,
    channels: { "chat:*": { history: {}, presence: true }, "plain:*": {} },
    anonymous: everything,
    ...rest,
    broker,
    clock,
    settings: { ...defaultsOf(settings), ...overrides },
  });
  const settle = () => clock.settle();
  const connect = (
    handshake: Partial<Handshake> = {},
    negotiated = true,
    codec: Codec = jsonCodec,
  ): FakeTransport => {
    const transport = new FakeTransport(negotiated, codec);
    transport.connection = core.accept(transport, { headers: {}, ...handshake });
    return transport;
  };
  const open = async (
    command: Record<string, unknown> = {},
    codec: Codec = jsonCodec,
  ): Promise<FakeTransport> => {
    const transport = connect({}, true, codec);
    transport.send({ type: "connect", ...command });
    await settle();
    return transport;
  };
  return { clock, broker, core, logger, meter, connect, open, settle };
}

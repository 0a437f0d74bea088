import type { IncomingMessage, Server, ServerResponse } from "node:http";
import {
  type Broker,
  EngineError,
  type EnginePlatform,
  embeddedEngines,
  engineFor,
  type Maybe,
  type NodeRecord,
} from "@holdfast/broker";
import { type Logger, type Meter, silentMeter } from "@holdfast/core";
import { createFanout } from "@holdfast/fanout";
import { type Contract, type Failure, failure } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { msgpackCodec } from "@holdfast/protocol/msgpack";
import type { OrderResult } from "./cluster/cluster.js";
import {
  disconnectOrder,
  type Order,
  type RevokeRequest,
  recheckOrder,
  type Target,
  type UnsubscribeRequest,
  unsubscribeOrder,
  type Withdrawal,
} from "./cluster/orders.js";
import type { Ticket, TicketRequest } from "./cluster/tickets.js";
import { createCore } from "./core.js";
import type {
  CallDefinitions,
  ChannelRules,
  CoreOptions,
  GatewayCore,
  PublishOptions,
} from "./core-contract.js";
import type { ContractFrom, Gateway, PublishResult } from "./gateway.js";
import { createKeyCheck } from "./node/api-keys.js";
import { TrustedProxies } from "./node/client-address.js";
import { digestOf } from "./node/digest.js";
import {
  checkOptions,
  type GatewayOptions,
  type MetricsOptions,
  resolveSettings,
} from "./node/gateway-options.js";
import { HttpApi } from "./node/http-api.js";
import { createPinoLogger } from "./node/logger.js";
import { createPrometheusMeter } from "./node/meter.js";
import { createNodeRandom, nodeClock } from "./node/platform.js";
import {
  type AttachOptions,
  type Listening,
  type ListenOptions,
  ServerDoor,
} from "./node/server-door.js";
import { SocketWriter } from "./node/socket-writer.js";
import { trafficOf } from "./node/traffic.js";
import { UpgradeDoor } from "./node/upgrade.js";
import { gatewayVersion } from "./node/version.js";
import type { StateRead } from "./session/state-reading.js";
import type { Settings } from "./settings.js";

/**
 * Makes a gateway. Starts connecting to the engine at once; `listen()` and `publish()` wait for it.
 * Throws `TypeError` naming the option when the configuration is wrong, `EngineError` when no engine
 * goes by the URL given as `broker`.
 */
export function createGateway<
  // biome-ignore lint/complexity/noBannedTypes: {} is "no channels declared", the default of an absent option.
  const Channels extends ChannelRules = {},
  // biome-ignore lint/complexity/noBannedTypes: {} is "no calls declared", the default of an absent option.
  const Calls extends CallDefinitions = {},
>(options: GatewayOptions<Channels, Calls> = {}): Gateway<ContractFrom<Channels, Calls>> {
  checkOptions(options);
  return new NodeGateway(options, resolveSettings(options.settings));
}

class NodeGateway implements Gateway<Contract> {
  readonly #settings: Settings;
  readonly #logger: Logger;
  readonly #starting: Promise<GatewayCore>;
  readonly #upgrade: UpgradeDoor;
  readonly #http: HttpApi;
  readonly #server: ServerDoor;
  /** Made from a URL, so ended by us. */
  readonly #ownBroker: Maybe<Broker> | undefined;
  #core: GatewayCore | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: GatewayOptions, settings: Settings) {
    this.#settings = settings;
    const { path = "/ws", metrics = {}, origins = [], apiKeys = [], queryTokens = false } = options;
    const clock = nodeClock;
    const random = createNodeRandom();
    const { worker, logLevel = "info" } = options;
    const logger = options.logger ?? createPinoLogger({ level: logLevel, clock, worker });
    this.#logger = logger;
    if (queryTokens) {
      logger.warn("tokens in the query string are taken", {
        risk: "proxies log addresses, and browsers keep them in their history",
      });
    }
    const exposition = metrics === false ? undefined : expositionOf(metrics, worker);
    const meter: Meter = exposition ?? silentMeter;
    const { trustedProxies = [], checkHost = false } = options;
    const shielding = { proxies: new TrustedProxies(trustedProxies), checkHost };
    const keyCheck = createKeyCheck(apiKeys);
    const { broker: given = "memory:" } = options;
    const broker =
      typeof given === "string"
        ? openBroker(given, options.engines, { clock, random, logger })
        : given;
    this.#ownBroker = typeof given === "string" ? broker : undefined;

    const core = (): GatewayCore | undefined => this.#core;
    const shared = { core, clock, logger, meter, settings };
    const traffic = trafficOf(meter);
    this.#upgrade = new UpgradeDoor({
      ...shared,
      codecs: [jsonCodec, msgpackCodec],
      plain: jsonCodec,
      origins,
      queryTokens,
      ...shielding,
      compression: options.compression ?? false,
      traffic,
    });
    this.#http = new HttpApi({
      ...shared,
      ...shielding,
      keyCheck,
      maxBodyBytes: settings.maxMessageBytes,
      ready: () => this.ready,
      webSocketPath: path,
      metricsPublic: metrics !== false && metrics.public === true,
      ...(exposition === undefined ? {} : { exposition }),
      ...(options.clientFile === undefined ? {} : { clientFile: options.clientFile }),
      ...(options.staticDir === undefined ? {} : { staticDir: options.staticDir }),
    });
    this.#server = new ServerDoor({
      path,
      upgrade: this.#upgrade,
      http: this.#http,
      clock,
      logger,
      tlsCheckIntervalMs: settings.tlsCheckIntervalMs,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    });
    const { channels = {} } = options;
    const writer = new SocketWriter(createFanout(), traffic);
    const parts = {
      gateway: random.id(22),
      clock,
      random,
      digest: digestOf,
      logger,
      meter,
      settings,
      channels,
      writer,
      node: { version: gatewayVersion() },
    };
    const create = async () =>
      createCore({ ...parts, broker: await broker, ...handlersOf(options) });
    this.#starting = this.#start(create());
  }

  get ready(): boolean {
    return this.#closing === undefined && (this.#core?.ready ?? false);
  }

  get connectionCount(): number {
    return this.#core?.connectionCount ?? 0;
  }

  async started(): Promise<void> {
    await this.#starting;
  }

  attach(server: Server, options: AttachOptions = {}): void {
    this.#server.attach(server, options);
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#http.handle(request, response);
  }

  async listen(port: number, host = "127.0.0.1", options?: ListenOptions): Promise<Listening> {
    await this.#starting;
    const listening = await this.#server.listen(port, host, options);
    this.#logger.info("listening", { url: listening.url });
    return listening;
  }

  publish(channel: string, data: unknown, options?: PublishOptions): Promise<PublishResult> {
    return this.#publish(channel, { data }, options);
  }

  publishBytes(
    channel: string,
    bytes: Uint8Array,
    options?: PublishOptions,
  ): Promise<PublishResult> {
    return this.#publish(channel, { bytes }, options);
  }

  async readState(channel: string): Promise<StateRead | Failure> {
    if (this.#closing !== undefined) return failure("draining");
    return (await this.#starting).readState(channel);
  }

  recheck(withdrawal: Withdrawal = {}): Promise<OrderResult> {
    return this.#tell(() => recheckOrder(withdrawal));
  }

  disconnect(target: Target): Promise<OrderResult> {
    return this.#tell(() => disconnectOrder(target));
  }

  revoke(request: RevokeRequest): Promise<OrderResult> {
    return this.#tell((core) => core.revocation(request));
  }

  async nodes(): Promise<readonly NodeRecord[] | Failure> {
    if (this.#closing !== undefined) return failure("draining");
    return (await this.#starting).nodes();
  }

  async issueTicket(request: TicketRequest): Promise<Ticket | Failure> {
    if (this.#closing !== undefined) return failure("draining");
    return (await this.#starting).issueTicket(request);
  }

  unsubscribe(request: UnsubscribeRequest): Promise<OrderResult> {
    return this.#tell(() => unsubscribeOrder(request));
  }

  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#stop(options.drainMs ?? this.#settings.drainMs);
    return this.#closing;
  }

  async #start(creating: Promise<GatewayCore>): Promise<GatewayCore> {
    // started(), listen() and publish() report the failure; with attach() alone only the log does.
    this.#reportFailure(creating);
    const core = await creating;
    this.#core = core;
    return core;
  }

  #reportFailure(creating: Promise<GatewayCore>): void {
    creating.catch((error: unknown) => {
      this.#logger.error("start failed", {
        error: error instanceof Error ? error.message : String(error),
      });
    });
  }

  async #publish(
    channel: string,
    payload: { readonly data: unknown } | { readonly bytes: Uint8Array },
    options: PublishOptions | undefined,
  ): Promise<PublishResult> {
    if (this.#closing !== undefined) return failure("draining");
    const core = await this.#starting;
    // Everybody waits for the same moments, so that all go on in the order in which they came.
    for (let more = core.flushed(); more !== undefined; more = core.flushed()) await more;
    return core.publish(channel, payload, options);
  }

  async #tell(order: (core: GatewayCore) => Order | Failure): Promise<OrderResult> {
    if (this.#closing !== undefined) return failure("draining");
    const core = this.#core ?? (await this.#starting);
    return core.tell(order(core));
  }

  async #stop(drainMs: number): Promise<void> {
    this.#logger.info("stopping", { drainMs });
    this.#upgrade.drain();
    const core = await this.#starting.catch(() => undefined);
    await core?.close({ drainMs });
    this.#upgrade.close();
    await this.#server.close();
    const broker = await Promise.resolve(this.#ownBroker).catch(() => undefined);
    await broker?.close();
    this.#logger.info("stopped");
  }
}

function expositionOf({ process = true }: MetricsOptions, worker: string | undefined) {
  return createPrometheusMeter({ process, worker });
}

/** Throws for a URL nobody opens; what opening it meets is the start's to report. */
function openBroker(
  url: string,
  engines: GatewayOptions["engines"],
  platform: EnginePlatform,
): Maybe<Broker> {
  try {
    const open = engineFor(url, { ...embeddedEngines, ...engines });
    return (async () => open(url, platform))();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const others =
      engines === undefined
        ? " Others come with the option engines; createGateway of the package holdfast has redis: and nats: too."
        : "";
    throw new EngineError(`createGateway: option broker: ${reason}.${others}`, { cause });
  }
}

/** The handlers that were given; an absent one stays absent. */
function handlersOf({
  authenticate,
  authorize,
  calls,
  anonymous,
  authenticated,
}: GatewayOptions): Handlers {
  return {
    ...(authenticate === undefined ? {} : { authenticate }),
    ...(authorize === undefined ? {} : { authorize }),
    ...(calls === undefined ? {} : { calls }),
    ...(anonymous === undefined ? {} : { anonymous }),
    ...(authenticated === undefined ? {} : { authenticated }),
  };
}

type Handlers = Pick<CoreOptions, "authenticate" | "authorize" | "calls" | "anonymous">;

import { isFailure, type NodeRecord } from "@holdfast/broker";
import { TimerWheel, TokenBucket } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { Cluster, type OrderResult } from "./cluster/cluster.js";
import { type Order, type RevokeRequest, revokeOrder, type Withdrawal } from "./cluster/orders.js";
import { RevocationLog } from "./cluster/revocation-log.js";
import { Revocations } from "./cluster/revocations.js";
import { type Ticket, Tickets } from "./cluster/tickets.js";
import type { CoreOptions, GatewayCore, PublishOptions } from "./core-contract.js";
import { CoreMetrics } from "./core-metrics.js";
import { ask } from "./hub/ask.js";
import { compileRules } from "./hub/channel-policy.js";
import { refuseBeyond } from "./hub/engine-needs.js";
import { Hub } from "./hub/hub.js";
import { Turns } from "./hub/turns.js";
import { type Payload, type PublishOutcome, publishFromProcess } from "./process-publishing.js";
import { Arrivals, networkOf } from "./session/arrivals.js";
import { closeCode, overLimitAdvice } from "./session/closing.js";
import { Doors } from "./session/door.js";
import { Drain } from "./session/drain.js";
import { FlushScheduler } from "./session/flush-scheduler.js";
import { Grants } from "./session/grants.js";
import { Members } from "./session/members.js";
import { Outstanding } from "./session/outstanding.js";
import { SharedRates } from "./session/rates.js";
import { Session, type SessionOwner } from "./session/session.js";
import type { Shared } from "./session/shared.js";
import { readState, type StateRead } from "./session/state-reading.js";
import { Tally } from "./session/tally.js";
import { WallWatch } from "./session/wall-watch.js";
import { type Connection, type Handshake, oneByOne, type Transport } from "./transport.js";

/** The wheel that all connections' deadlines turn on. */
const wheelOptions = { tickMs: 50, slots: 1_024 };
/** Replay pages begun before sockets and timers get a chance. */
const MAX_TURNS_PER_TICK = 32;

/** Advice to connections beyond the rate: after this long, plus a random part of that. */
const OVERLOADED_RETRY_MS = 1_000;
const OVERLOADED_SPREAD_MS = 10_000;

/**
 * Makes the gateway's core and connects it to the engine; rejects when the engine cannot be reached,
 * or cannot do what a channel rule needs.
 */
export async function createCore(options: CoreOptions): Promise<GatewayCore> {
  const { broker, clock, digest, gateway, logger, random, settings } = options;
  refuseBeyond(broker.capabilities, options.channels);
  const metrics = new CoreMetrics(options.meter);
  const turns = new Turns(clock, {
    maxConcurrent: settings.maxConcurrentReplays,
    maxAdmitted: settings.maxWaitingReplays,
    maxPerTick: MAX_TURNS_PER_TICK,
  });
  const wheel = new TimerWheel(clock, wheelOptions);
  const flushes = new FlushScheduler(clock, options.writer ?? oneByOne(), settings);
  let core: Core | undefined;
  const hub = await Hub.connect({
    broker,
    broadcast: flushes,
    gateway,
    clock,
    wheel,
    random,
    logger,
    settings,
    turns,
    metrics,
    commands: {
      hear: (command) => core?.cluster.hear(command),
      look: () => core?.cluster.look(),
    },
  });
  const revocations = new Revocations(clock, settings.maxRevocations);
  const rates = (messagesPerSecond: number, bytesPerSecond: number) =>
    new SharedRates(clock, { messagesPerSecond, bytesPerSecond }, settings.maxMessageBytes);
  core = new Core(
    {
      clock,
      random,
      digest,
      logger,
      settings,
      hub,
      keyWindowMs: broker.capabilities.keyWindowMs,
      policyOf: compileRules(options.channels),
      wheel,
      flushes,
      members: new Members(),
      wallWatch: new WallWatch(clock, () => core?.wallJumped()),
      users: new Tally(settings.maxConnectionsPerUser),
      doors: new Doors(clock, settings),
      outstanding: new Outstanding(),
      grants: new Grants(),
      userRates: rates(settings.messagesPerSecondPerUser, settings.bytesPerSecondPerUser),
      addressRates: rates(settings.messagesPerSecondPerAddress, settings.bytesPerSecondPerAddress),
      metrics,
      authenticate: options.authenticate,
      authorize: options.authorize,
      calls: options.calls ?? {},
      anonymous: options.anonymous,
      authenticated: options.authenticated,
      revocations,
      tickets: new Tickets(hub.context.link, { clock, random, digest }, settings),
      knowsRevoked: () => core?.cluster.isLoaded ?? false,
    },
    metrics,
    options.node,
  );
  core.cluster.start();
  return core;
}

class Core implements GatewayCore, SessionOwner {
  readonly cluster: Cluster;
  readonly #shared: Shared;
  readonly #metrics: CoreMetrics;
  readonly #sessions = new Set<Session>();
  readonly #accepts: TokenBucket;
  readonly #addresses: Tally;
  readonly #arrivals: Arrivals;
  #drain: Drain | undefined;

  constructor(shared: Shared, metrics: CoreMetrics, node: CoreOptions["node"]) {
    this.#shared = shared;
    this.#addresses = new Tally(shared.settings.maxConnectionsPerAddress);
    this.#arrivals = new Arrivals(shared.clock, shared.settings.acceptsPerSecondPerAddress);
    const perSecond = shared.settings.acceptsPerSecond;
    this.#accepts = new TokenBucket(shared.clock, { perSecond, burst: perSecond });
    this.#metrics = metrics;
    const { clock, hub, logger, random, revocations, settings } = shared;
    const { link } = hub.context;
    this.cluster = new Cluster({
      link,
      clock,
      random,
      logger,
      revocations,
      log: new RevocationLog(link, clock, settings, revocations),
      executor: { apply: (order) => this.#apply(order), judge: () => this.#judge() },
      ...(node !== undefined && { node }),
      counts: () => metrics.nodeCounts(this.#sessions.size, hub.channelCount),
    });
  }

  get ready(): boolean {
    return this.#drain === undefined && this.#shared.hub.available && this.cluster.isLoaded;
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  accept(transport: Transport, handshake: Handshake): Connection {
    const network = networkOf(handshake.remoteAddress ?? "");
    const isAddressCounted = this.#addresses.add(network);
    const session = new Session(this.#shared, transport, handshake, this);
    session.isNetworkCounted = isAddressCounted;
    this.#sessions.add(session);
    this.#metrics.connections(this.#sessions.size);
    if (this.#drain !== undefined) session.end(closeCode.draining, this.#drain.advice());
    else if (!isAddressCounted || this.#sessions.size > this.#shared.settings.maxConnections) {
      session.end(closeCode.too_many_connections, overLimitAdvice);
    } else if (!this.#accepts.take()) {
      session.end(closeCode.overloaded, {
        retryAfterMs: OVERLOADED_RETRY_MS,
        spreadMs: OVERLOADED_SPREAD_MS,
      });
    } else session.start();
    return session;
  }

  gone(session: Session, code: number): void {
    this.#sessions.delete(session);
    this.#metrics.closed(code, this.#sessions.size);
    this.#drain?.gone();
    if (session.isNetworkCounted) this.#addresses.remove(session.network);
  }

  acceptWaitMs(remoteAddress = ""): number {
    const waitMs = this.#arrivals.take(networkOf(remoteAddress));
    return Math.max(waitMs, this.#accepts.waitMs());
  }

  /** What ends at a time of day ends at that time, whatever its timer counted. */
  wallJumped(): void {
    for (const session of [...this.#sessions]) session.wallJumped();
  }

  recheck({ user, channel }: Withdrawal): void {
    for (const session of [...this.#sessions]) {
      if (user === undefined || session.user === user) session.recheck(channel);
    }
  }

  tell(order: Order | Failure): Promise<OrderResult> {
    if (isFailure(order)) return Promise.resolve(order);
    return new Promise((resolve) => this.cluster.tell(order, resolve));
  }

  revocation(request: RevokeRequest): Order | Failure {
    const { clock, settings } = this.#shared;
    return revokeOrder(request, clock.wallMs(), settings.maxTokenLifeMs);
  }

  issueTicket(request: unknown): Promise<Ticket | Failure> {
    return new Promise((resolve) => this.#shared.tickets.issue(request, resolve));
  }

  publish(
    channel: string,
    payload: Payload,
    options: PublishOptions = {},
  ): Promise<PublishOutcome> {
    return new Promise((resolve) =>
      publishFromProcess(this.#shared, { channel, payload, options }, resolve),
    );
  }

  flushed(): Promise<void> | undefined {
    return this.#shared.flushes.flushed();
  }

  readState(channel: string, reader?: Handshake): Promise<StateRead | Failure> {
    return new Promise((resolve) => readState(this.#shared, channel, reader, resolve));
  }

  nodes(): Promise<readonly NodeRecord[] | Failure> {
    const { link } = this.#shared.hub.context;
    return new Promise((resolve) => ask(() => link.nodes(), resolve));
  }

  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    if (this.#drain !== undefined) {
      await this.#drain.finished;
      return;
    }
    const { clock, random, hub, wheel } = this.#shared;
    this.cluster.stop();
    this.#drain = new Drain(clock, random, [...this.#sessions], () => this.#sessions, drainMs);
    await this.#drain.finished;
    await hub.close();
    wheel.clear();
  }

  #apply(order: Order): void {
    if (order.name === "recheck") this.recheck(order);
    else if (order.name === "revoke") this.#judge();
    else {
      for (const session of [...this.#sessions]) {
        const isMeant =
          order.user === undefined ? session.member === order.member : session.user === order.user;
        if (!isMeant) continue;
        if (order.name === "disconnect") session.end(closeCode.disconnected);
        else session.unsubscribe(order.channel);
      }
    }
  }

  #judge(): void {
    const { revocations } = this.#shared;
    for (const session of [...this.#sessions]) {
      if (session.revocable !== undefined && revocations.covers(session.revocable)) {
        session.end(closeCode.token_expired);
      }
    }
  }
}

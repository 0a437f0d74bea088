import type { Clock, Timer } from "@holdfast/core";
import { type Failure, failure, type Member } from "@holdfast/protocol";
import type { CallHandler, CallOptions, CallOutcome, ServeOptions } from "../../contract/calls.js";
import type { ClusterCommand, NodeStatus } from "../../contract/cluster.js";
import type {
  LeaseOutcome,
  LeaseRelease,
  LeaseRenewal,
  LeaseRequest,
} from "../../contract/leases.js";
import type { LogAppend, LogDeletion, LogQuery, LogSnapshotRequest } from "../../contract/logs.js";
import {
  type BrokerLink,
  type EphemeralRequest,
  type HistoryQuery,
  isFailure,
  type LeaveOptions,
  type Maybe,
  type PublishRequest,
  type Snapshot,
} from "../../contract.js";
import type { Entrant } from "../../engine/presence/registry.js";
import type { MemoryEngine } from "../../memory/engine.js";
import type { EngineLink } from "../../memory/link.js";
import { Lane } from "./lane.js";
import type { Reach } from "./reach.js";
import type { Replicas } from "./replicas.js";

const timeoutMs = 5_000;

/** What becomes of one operation on its way to the engine and back. */
export interface OperationFate {
  /** Until the engine carries it out. */
  readonly delayMs?: number;
  /** From then until the gateway has the answer. */
  readonly replyDelayMs?: number;
  /** The request or its answer never arrives: the gateway learns of a timeout, outcome unknown. */
  readonly lost?: "request" | "reply";
}

/** Operations of a link that an engine answers. */
export type OperationName = Exclude<
  keyof BrokerLink,
  "unfollow" | "leave" | "partitionOf" | "call" | "close"
>;

/** Decides on each operation; undefined: it is answered at once, without a promise. */
export type OperationDecision = (
  gateway: string,
  operation: OperationName,
) => OperationFate | undefined;

const unavailable = (unknown: boolean): Failure =>
  unknown ? failure("unavailable", undefined, { unknown }) : failure("unavailable");

/** One gateway's link through a connection that can fail. */
export class FaultyLink implements BrokerLink {
  readonly gateway: string;
  readonly inner: EngineLink;
  readonly #engine: MemoryEngine;
  readonly #reach: Reach;
  readonly #replicas: Replicas;
  readonly #clock: Clock;
  readonly #decide: OperationDecision | undefined;
  readonly #requests: Lane;
  readonly #replies: Lane;
  /** What this gateway believes it holds; it registers that again after an outage. */
  readonly #members = new Map<string, Map<string, Entrant>>();
  #missedLeaves: (() => void)[] = [];
  /** What it last said of itself. */
  #status: NodeStatus | undefined;
  #missing: Timer | undefined;

  constructor(
    inner: EngineLink,
    engine: MemoryEngine,
    reach: Reach,
    replicas: Replicas,
    decide?: OperationDecision,
  ) {
    this.gateway = inner.gateway;
    this.inner = inner;
    this.#engine = engine;
    this.#reach = reach;
    this.#replicas = replicas;
    this.#clock = engine.clock;
    this.#decide = decide;
    this.#requests = new Lane(engine.clock);
    this.#replies = new Lane(engine.clock);
  }

  publish(request: PublishRequest) {
    return this.#run("publish", () => this.inner.publish(request));
  }

  publishEphemeral(request: EphemeralRequest) {
    return this.#run("publishEphemeral", () => this.inner.publishEphemeral(request));
  }

  follow(channel: string, options: { readonly presence: boolean }) {
    return this.#run("follow", () => this.inner.follow(channel, options));
  }

  unfollow(channel: string): void {
    this.inner.unfollow(channel);
  }

  read(query: HistoryQuery) {
    return this.#run("read", () => this.inner.read(query));
  }

  heads(channels: readonly string[]) {
    return this.#run("heads", () => this.inner.heads(channels));
  }

  partitionOf(channel: string): number {
    return this.inner.partitionOf(channel);
  }

  changes(partition: number, cursor: string | undefined) {
    return this.#run("changes", () => this.inner.changes(partition, cursor));
  }

  loadSnapshot(channel: string) {
    return this.#run("loadSnapshot", () => this.inner.loadSnapshot(channel));
  }

  storeSnapshot(channel: string, snapshot: Snapshot) {
    return this.#run("storeSnapshot", () => {
      const held = this.#engine.channels.peek(channel);
      if (held !== undefined) this.#replicas.note(held);
      return this.inner.storeSnapshot(channel, snapshot);
    });
  }

  enter(channel: string, member: Member, generation = 0) {
    return this.#run("enter", () => {
      const entered = this.inner.enter(channel, member, generation);
      if (!isFailure(entered)) {
        const members = this.#members.get(channel) ?? new Map<string, Entrant>();
        this.#members.set(channel, members.set(member.id, { member, generation }));
      }
      return entered;
    });
  }

  leave(channel: string, memberId: string, options: LeaveOptions): void {
    const { generation = Number.POSITIVE_INFINITY } = options;
    const forget = () => {
      const members = this.#members.get(channel);
      if ((members?.get(memberId)?.generation ?? 0) <= generation) members?.delete(memberId);
      if (members?.size === 0) this.#members.delete(channel);
    };
    forget();
    const leave = () => {
      // An `enter` before it may have been under way until now.
      forget();
      this.inner.leave(channel, memberId, options);
    };
    // On the way of the requests, so that it cannot overtake the `enter` it follows.
    this.#requests.send(0, () => {
      if (this.#reach.reachable(this.gateway)) leave();
      else this.#missedLeaves.push(leave);
    });
  }

  presence(channel: string, maxMembers: number) {
    return this.#run("presence", () => this.inner.presence(channel, maxMembers));
  }

  append(request: LogAppend) {
    return this.#run("append", () => this.inner.append(request));
  }

  readLog(query: LogQuery) {
    return this.#run("readLog", () => this.inner.readLog(query));
  }

  storeLogSnapshot(request: LogSnapshotRequest) {
    return this.#run("storeLogSnapshot", () => this.inner.storeLogSnapshot(request));
  }

  loadLogSnapshot(log: string) {
    return this.#run("loadLogSnapshot", () => this.inner.loadLogSnapshot(log));
  }

  deleteLog(deletion: LogDeletion) {
    return this.#run("deleteLog", () => this.inner.deleteLog(deletion));
  }

  acquireLease(request: LeaseRequest): Maybe<LeaseOutcome> {
    return this.#lease(request.ttlMs, () =>
      this.#run("acquireLease", () => this.inner.acquireLease(request)),
    );
  }

  renewLease(renewal: LeaseRenewal): Maybe<LeaseOutcome> {
    return this.#lease(renewal.ttlMs, () =>
      this.#run("renewLease", () => this.inner.renewLease(renewal)),
    );
  }

  releaseLease(release: LeaseRelease) {
    return this.#run("releaseLease", () => this.inner.releaseLease(release));
  }

  serve(subject: string, group: string, handler: CallHandler, options?: ServeOptions) {
    return this.#run("serve", () => this.inner.serve(subject, group, handler, options));
  }

  call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    if (!this.#reach.reachable(this.gateway)) return Promise.resolve(unavailable(false));
    return this.inner.call(subject, payload, options);
  }

  broadcast(command: ClusterCommand) {
    return this.#run("broadcast", () => this.inner.broadcast(command));
  }

  commands(cursor: string | undefined) {
    return this.#run("commands", () => this.inner.commands(cursor));
  }

  announce(status: NodeStatus) {
    return this.#run("announce", () => {
      this.#status = status;
      return this.inner.announce(status);
    });
  }

  nodes() {
    return this.#run("nodes", () => this.inner.nodes());
  }

  close(): void {
    this.#missing?.cancel();
    this.#members.clear();
    this.#missedLeaves = [];
    // Out of reach nobody hears the goodbye: the lease has to run out.
    if (this.#reach.reachable(this.gateway)) this.inner.close();
    else this.inner.crash();
  }

  /** The engine went out of this gateway's reach while it is in others': its lease runs. */
  startLease(): void {
    this.#missing ??= this.#clock.after(this.#engine.limits.presenceLeaseMs, () =>
      this.inner.endLease(),
    );
  }

  /** The engine is within reach again: says what was left unsaid and registers members again. */
  rejoin(): void {
    this.#missing?.cancel();
    this.#missing = undefined;
    if (!this.inner.open) return;
    if (this.#status !== undefined) this.inner.announce(this.#status);
    for (const leave of this.#missedLeaves.splice(0)) leave();
    for (const [channel, members] of this.#members) {
      for (const entrant of members.values()) {
        this.#engine.presence.reclaim(this.inner, channel, entrant);
      }
    }
  }

  /** A lease ends for its holder as if it had begun before the question was sent. */
  #lease(ttlMs: number, ask: () => Maybe<LeaseOutcome>): Maybe<LeaseOutcome> {
    const expiresAtMs = this.#clock.monoMs() + ttlMs;
    const answer = ask();
    const asAsked = (lease: LeaseOutcome) => (lease.ok ? { ...lease, expiresAtMs } : lease);
    return answer instanceof Promise ? answer.then(asAsked) : asAsked(answer);
  }

  #run<T>(operation: OperationName, execute: () => T | Failure): Maybe<T | Failure> {
    const fate = this.#decide?.(this.gateway, operation);
    const reachable = this.#reach.reachable(this.gateway);
    if (!reachable) return unavailable(false);
    if (fate === undefined && this.#requests.idle && this.#replies.idle) return execute();
    return this.#travel(fate ?? {}, execute);
  }

  #travel<T>(fate: OperationFate, execute: () => T | Failure): Promise<T | Failure> {
    const era = this.#reach.connectionEra(this.gateway);
    const broken = () => this.#reach.connectionEra(this.gateway) !== era;
    return new Promise((resolve) => {
      if (fate.lost !== undefined) {
        const late = failure("timeout", undefined, { unknown: true });
        this.#clock.after(timeoutMs, () => resolve(late));
        if (fate.lost === "request") return;
      }
      this.#requests.send(fate.delayMs ?? 0, () => {
        if (broken()) {
          resolve(unavailable(true));
          return;
        }
        const result = execute();
        if (fate.lost === "reply") return;
        this.#replies.send(fate.replyDelayMs ?? 0, () =>
          resolve(broken() ? unavailable(true) : result),
        );
      });
    });
  }
}

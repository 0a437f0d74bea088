import { type Failure, failure, type Member } from "@holdfast/protocol";
import type {
  CallHandler,
  CallOptions,
  CallOutcome,
  ServeOptions,
  Serving,
} from "../../contract/calls.js";
import type { NodeStatus } from "../../contract/cluster.js";
import {
  type BrokerLink,
  type BrokerListener,
  type Done,
  type Head,
  isFailure,
  type LeaveOptions,
} from "../../contract.js";
import type { Entrant } from "../../engine/presence/registry.js";
import { partitionOf } from "../../memory/partitions.js";
import { AskingLink } from "./asking-link.js";
import { Connection, type Told } from "./connection.js";
import { RemoteServices } from "./services.js";
import type { Event, Operation, Telling } from "./wire.js";

/** Signs of life in one lease. */
const beatsPerLease = 4;
/** Pause before the engine is tried again. */
const retryMs = 100;
/** How much longer than the engine, which ends a call in time, the gateway waits for its answer. */
const callPatienceMs = 5_000;

/** What a link is made of. */
export interface RemoteLinkOptions {
  readonly port: number;
  readonly gateway: string;
  readonly listener: BrokerListener;
  readonly partitions: number;
  readonly leaseMs: number;
  readonly ended: (link: RemoteLink) => void;
}

/**
 * One gateway's link to an engine in another process. When its connection is lost, or its lease
 * was missed, it begins a new incarnation: follows again and registers its members again.
 */
export class RemoteLink extends AskingLink implements BrokerLink {
  readonly #options: RemoteLinkOptions;
  readonly #follows = new Map<string, { readonly presence: boolean }>();
  readonly #members = new Map<string, Map<string, Entrant>>();
  readonly #services = new RemoteServices();
  /** What it last said of itself. */
  #status: NodeStatus | undefined;
  #nextCall = 1;
  #connection: Connection | undefined;
  #incarnation: number | undefined;
  #count = 0;
  #beat: NodeJS.Timeout | undefined;
  #beatMs = 0;
  #retry: NodeJS.Timeout | undefined;
  #open = true;

  private constructor(options: RemoteLinkOptions) {
    super();
    this.#options = options;
  }

  /** Rejects when the engine cannot be reached. */
  static async connect(options: RemoteLinkOptions): Promise<RemoteLink> {
    const link = new RemoteLink(options);
    await link.#begin();
    const everyMs = options.leaseMs / beatsPerLease;
    link.#beatMs = performance.now();
    link.#beat = setInterval(() => link.#live(), everyMs);
    link.#beat.unref();
    return link;
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#connection !== undefined;
  }

  async follow(channel: string, options: { readonly presence: boolean }): Promise<Head | Failure> {
    const presence = options.presence || this.#follows.get(channel)?.presence === true;
    if (this.#open) this.#follows.set(channel, { presence });
    return this.ask<Head>({ op: "follow", args: [channel, { presence }] });
  }

  unfollow(channel: string): void {
    if (this.#follows.delete(channel)) this.#tell({ op: "unfollow", args: [channel] });
  }

  partitionOf(channel: string): number {
    return partitionOf(channel, this.#options.partitions);
  }

  async enter(channel: string, member: Member, generation = 0): Promise<Done> {
    const count = this.#count;
    const entered = await this.ask<{ readonly ok: true }>({
      op: "enter",
      args: [channel, member, generation],
    });
    // Of an earlier incarnation: whether it is still there is not known here.
    if (isFailure(entered) || count !== this.#count) return entered;
    const members = this.#members.get(channel) ?? new Map<string, Entrant>();
    this.#members.set(channel, members.set(member.id, { member, generation }));
    return entered;
  }

  leave(channel: string, memberId: string, options: LeaveOptions): void {
    const { generation = Number.POSITIVE_INFINITY } = options;
    const members = this.#members.get(channel);
    if ((members?.get(memberId)?.generation ?? 0) <= generation) members?.delete(memberId);
    if (members?.size === 0) this.#members.delete(channel);
    // Unheard, it comes true when the lease of the incarnation that entered it runs out.
    this.#tell({ op: "leave", args: [channel, memberId, options] });
  }

  async serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options?: ServeOptions,
  ): Promise<Serving | Failure> {
    const service = this.#services.add({ subject, group, handler, options });
    const served = await this.ask<{ readonly ok: true }>({
      op: "serve",
      args: [service, subject, group, options],
    });
    if (isFailure(served)) {
      this.#services.remove(service);
      return served;
    }
    return {
      ok: true,
      stop: () => {
        this.#tell({ op: "stop", args: [service] });
        this.#services.remove(service);
      },
    };
  }

  async call(
    subject: string,
    payload: Uint8Array,
    { timeoutMs, signal }: CallOptions,
  ): Promise<CallOutcome> {
    if (signal?.aborted === true) return failure("cancelled");
    const connection = this.#connection;
    if (connection === undefined) return failure("unavailable");
    const call = this.#nextCall;
    this.#nextCall += 1;
    const giveUp = () => connection.tell({ type: "tell", op: "giveUp", args: [call] });
    signal?.addEventListener("abort", giveUp, { once: true });
    const args = [call, subject, payload, timeoutMs] as const;
    const outcome = await connection.ask<CallOutcome>(
      { op: "call", args },
      timeoutMs + callPatienceMs,
    );
    signal?.removeEventListener("abort", giveUp);
    return outcome;
  }

  announce(status: NodeStatus): Promise<Done> {
    this.#status = status;
    return this.ask({ op: "announce", args: [status] });
  }

  /** Settles when everything asked for before has been carried out and told. */
  async settle(): Promise<void> {
    await this.ask({ op: "settle", args: [] });
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#end();
    await connection?.greet({ type: "bye" }, "bye").catch(() => undefined);
    connection?.cut();
  }

  /** Ends without a word, as a killed process does. */
  crash(): void {
    const connection = this.#connection;
    this.#end();
    connection?.cut();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#connection = undefined;
    this.#follows.clear();
    this.#members.clear();
    this.#services.clear();
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    this.#options.ended(this);
  }

  protected override ask<T>(operation: Operation): Promise<T | Failure> {
    if (!this.#open) return Promise.resolve(failure("closed", "The link was closed."));
    return this.#connection?.ask<T>(operation) ?? Promise.resolve(failure("unavailable"));
  }

  #tell(telling: Telling): void {
    this.#connection?.tell({ type: "tell", ...telling });
  }

  /** A sign of life; when it comes too late the lease is missed, whatever the engine thinks. */
  #live(): void {
    const nowMs = performance.now();
    const missed = nowMs - this.#beatMs > this.#options.leaseMs;
    this.#beatMs = nowMs;
    if (missed) this.#connection?.cut();
    else this.#connection?.tell({ type: "beat" });
  }

  async #begin(): Promise<void> {
    const { port, gateway } = this.#options;
    const connection: Connection = await Connection.open(
      port,
      // What an incarnation that is over still has to say is not heard.
      (told) => this.#connection === connection && this.#take(connection, told),
      () => this.#connection === connection && this.#lost(),
    );
    const former = this.#incarnation;
    this.#count += 1;
    const name = former === undefined ? gateway : `${gateway}.${this.#count}`;
    const hello = {
      type: "hello",
      gateway: name,
      ...(former !== undefined && { former }),
    } as const;
    const { incarnation } = await connection.greet(hello, "welcome").catch((cause: unknown) => {
      connection.cut();
      throw cause;
    });
    this.#incarnation = incarnation;
    if (!this.#open) connection.cut();
    else this.#connection = connection;
  }

  #take(connection: Connection, told: Told): void {
    if (told.type === "event") tellListener(this.#options.listener, told);
    else if (told.type === "cancel") this.#services.cancel(told.call);
    else void this.#services.handle(told, (reply) => connection.tell(reply));
  }

  #lost(): void {
    this.#connection = undefined;
    this.#services.cancelAll();
    this.#options.listener.onAvailability(false);
    this.#again();
  }

  #again(): void {
    if (!this.#open) return;
    this.#retry = setTimeout(() => {
      this.#begin()
        .then(() => this.#rejoin())
        .catch(() => this.#again());
    }, retryMs);
    this.#retry.unref();
  }

  /** Follows and registers again what the gateway believes to have. */
  async #rejoin(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    const asked: Promise<unknown>[] = [];
    for (const [channel, options] of this.#follows) {
      asked.push(connection.ask({ op: "follow", args: [channel, options] }));
    }
    for (const [channel, members] of this.#members) {
      for (const entrant of members.values()) {
        asked.push(connection.ask({ op: "reclaim", args: [channel, entrant] }));
      }
    }
    for (const operation of this.#services.operations()) asked.push(connection.ask(operation));
    const status = this.#status;
    if (status !== undefined) asked.push(connection.ask({ op: "announce", args: [status] }));
    const answers = await Promise.all(asked);
    if (connection !== this.#connection) return;
    if (answers.some((answer) => isFailure(answer))) {
      connection.cut();
      return;
    }
    this.#options.listener.onAvailability(true);
    this.#options.listener.onRelayGap();
  }
}

function tellListener(listener: BrokerListener, event: Event): void {
  try {
    switch (event.name) {
      case "onEntry":
        listener.onEntry(...event.args);
        return;
      case "onEphemeral":
        listener.onEphemeral(...event.args);
        return;
      case "onPresence":
        listener.onPresence(...event.args);
        return;
      case "onRelayGap":
        listener.onRelayGap();
        return;
      case "onAvailability":
        listener.onAvailability(...event.args);
        return;
      case "onCommand":
        listener.onCommand(...event.args);
    }
  } catch {
    // A listener's own mistake; the others get their messages.
  }
}

import { silentLogger, type Timer } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import {
  type Head,
  isFailure,
  type Maybe,
  type PartitionChanges,
  type PublishOutcome,
  type PublishRequest,
} from "../contract.js";
import { type Appended, type Channel, newEntryId } from "../memory/channel.js";
import { Exchange } from "../memory/exchange.js";
import { directRelay } from "../memory/fan-out.js";
import { Leases } from "../memory/leases.js";
import { type PreparedPublish, preparePublish } from "../memory/prepared-publish.js";
import { encodeEntry } from "./entry-codec.js";
import { Gauge } from "./gauge.js";
import { StoredLeases, StoredMembers } from "./journals.js";
import { maxKeyTextUnits } from "./keys.js";
import type { FileBrokerOptions, FileLimits } from "./options.js";
import type { Store } from "./store.js";
import { type StoreFacts, StoreTime } from "./store-facts.js";
import { StoredChannels } from "./stored-channels.js";
import { StoredLogs } from "./stored-logs.js";
import { Sweeper } from "./sweeper.js";
import { type Operation, Writer } from "./writer.js";

/** What an engine over an opened store is made of. */
export interface FileEngineOptions {
  readonly options: FileBrokerOptions;
  readonly limits: FileLimits;
  readonly store: Store;
  readonly facts: StoreFacts;
}

/** The state every link of one file engine shares. Writes go through one queue, and are told when they are kept. */
export class FileEngine extends Exchange {
  readonly writer: Writer;
  readonly channels: StoredChannels;
  readonly logs: StoredLogs;
  readonly leases: Leases;
  readonly #store: Store;
  readonly #time: StoreTime;
  readonly #facts: StoreFacts;
  readonly #gauge: Gauge;
  readonly #sweeper: Sweeper;
  #sweep: Timer | undefined;

  constructor({ options, limits, store, facts }: FileEngineOptions) {
    const { clock } = options;
    const time = new StoreTime(clock, facts.timeMs);
    let channels: StoredChannels | undefined;
    const writer = new Writer({
      store,
      logger: options.logger ?? silentLogger,
      maxBatchCount: limits.maxBatchCount,
      maxWaiting: limits.maxWaitingCount,
      begin: () => {
        facts.begin(time.nowMs());
        channels?.begin();
      },
      end: () => channels?.writeOut(),
    });
    const { tables } = store;
    const members = new StoredMembers(tables, writer);
    super(options, limits, directRelay, members);
    this.writer = writer;
    writer.onWorking = (working) => this.#tellWorking(working);
    this.#store = store;
    this.#time = time;
    this.#facts = facts;
    const shared = {
      tables,
      limits,
      random: options.random,
      generation: facts.generation,
      nowMs: () => time.nowMs(),
      nextNumber: () => facts.nextNumber(),
      crowdedUntilMs: new Map<number, number>(),
      isFollowed: (channel: string) => this.follows.has(channel),
    };
    channels = new StoredChannels(shared);
    this.channels = channels;
    this.logs = new StoredLogs(shared);
    const leases = new StoredLeases(tables, writer);
    this.leases = new Leases(limits, clock, leases);
    leases.restore(this.leases);
    this.#restorePresence(members);
    this.#gauge = new Gauge(store, limits.maxStoreBytes);
    this.#sweeper = new Sweeper({ ...shared, writer, channels: this.channels, logs: this.logs });
    this.#scheduleSweep();
  }

  /** The store's time of the running transaction. */
  get transactionMs(): number {
    return this.#facts.timeMs;
  }

  /** The store's time in milliseconds. */
  nowMs(): number {
    return this.#time.nowMs();
  }

  /** Why nothing may be added to the store now; undefined: it may. */
  refusal(): Failure | undefined {
    return this.#gauge.refusal();
  }

  /** Settles when what was decided until now is kept. */
  kept(): Promise<true | Failure> {
    return this.writer.submit((): true => true);
  }

  publish(request: PublishRequest): Maybe<PublishOutcome> {
    const { channel } = request;
    const refused =
      this.refusal() ?? refuseNames(request) ?? this.channels.refuseName(request.channel);
    if (refused !== undefined) return refused;
    // Ahead of the transaction: it is made while another one is on its way to the disk.
    const prepared = preparePublish(request, this.limits, newEntryId(this.random));
    if ("ok" in prepared) return prepared;
    const row = encodeEntry(prepared.content);
    return this.writer.write(new Publication(this, channel, prepared, row));
  }

  /** Looks at a channel: at once where it can be read as it is, otherwise after it was begun or renewed. */
  look<T>(name: string, look: (channel: Channel) => T): Maybe<T | Failure> {
    return (
      this.channels.look(name, look) ?? this.writer.submit(() => this.channels.write(name, look))
    );
  }

  head(name: string): Maybe<Head | Failure> {
    return this.channels.peekHead(name) ?? this.look(name, (channel) => channel.head);
  }

  changes(partition: number, cursor: string | undefined): PartitionChanges {
    return this.changesSince(partition, cursor, (name) => this.channels.peekHead(name));
  }

  countRows(table: keyof Store["tables"]): number {
    return this.#store.tables[table].count;
  }

  /** Writes what waits, notes that nothing is left open, and ends. */
  async close(): Promise<void> {
    this.#stop();
    await this.writer.submit(() => this.#facts.noteClosed());
    await this.writer.close();
    await this.#store.close();
  }

  /** Ends as a killed process does. */
  async abandon(): Promise<void> {
    this.#stop();
    await this.writer.abandon();
    await this.#store.close();
  }

  #stop(): void {
    this.#sweep?.cancel();
    this.presence.close();
  }

  #tellWorking(working: boolean): void {
    for (const link of this.links) {
      this.guard(link, () => link.listener.onAvailability(working));
      if (working) this.guard(link, () => link.listener.onRelayGap());
    }
  }

  /** Whoever was present when the store was last used has the time of a lease to come back. */
  #restorePresence(members: StoredMembers): void {
    const former = {};
    members.restore(this.presence, former);
    this.clock.after(this.limits.presenceLeaseMs, () => this.presence.leaveAll(former));
  }

  #scheduleSweep(): void {
    this.#sweep = this.clock.after(this.limits.sweepIntervalMs, () => {
      const nowMs = this.clock.monoMs();
      this.leases.sweep(nowMs);
      this.#gauge.read();
      this.#sweeper.sweep();
      this.#scheduleSweep();
    });
  }
}

/** What a publish waits as. */
class Publication implements Operation<Appended, PublishOutcome> {
  readonly #engine: FileEngine;
  readonly #channel: string;
  readonly #prepared: PreparedPublish;
  readonly #row: Buffer;

  constructor(engine: FileEngine, channel: string, prepared: PreparedPublish, row: Buffer) {
    this.#engine = engine;
    this.#channel = channel;
    this.#prepared = prepared;
    this.#row = row;
  }

  run(): Appended {
    const { channels, transactionMs: timeMs } = this.#engine;
    return channels.publish(this.#channel, this.#prepared, this.#row, timeMs);
  }

  /** Tells the channel's followers; gives the publisher's answer. */
  tell(appended: Appended): PublishOutcome {
    if (isFailure(appended)) return appended;
    const { entry, outcome } = appended;
    const { epoch, offset, id } = outcome;
    if (entry !== undefined) this.#engine.tellEntry(this.#channel, epoch, entry);
    return { ok: true, epoch, offset, id, duplicate: entry === undefined };
  }
}

/** What a name costs in a key besides its characters, at most: a length, an id and a mark. */
const keyOverheadUnits = 8;

/** Keys and sessions that no key of the store can hold. */
function refuseNames({ key, session }: PublishRequest): Failure | undefined {
  const maxUnits = maxKeyTextUnits - keyOverheadUnits;
  if (key !== undefined && key.scope.length + key.value.length > maxUnits - keyOverheadUnits) {
    return failure("invalid_field", "The publish key is too long.", { field: "/key" });
  }
  if (session !== undefined && session.id.length > maxUnits) {
    return failure("invalid_field", "The session's id is too long.", { field: "/session" });
  }
  return undefined;
}

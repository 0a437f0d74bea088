import { EngineError } from "@holdfast/broker";
import type { Clock, Random } from "@holdfast/core";
import type { NatsLimits } from "../limits.js";
import type { Subjects } from "../subjects.js";
import { answerOf, apiCodes, getMessage, type Stored } from "./api.js";
import type { Connection } from "./connection.js";
import { StoreError } from "./errors.js";
import { type Purge, purgeMessages } from "./purge.js";
import { scanMessages } from "./scan.js";
import { Stream } from "./stream.js";
import type { StreamInfo } from "./stream_config.js";

const generationLength = 12;
const maxTries = 8;
/** Looks at a stream of a cluster that is shorter than it was, before something is taken for lost. */
const maxLooks = 60;
const lookAgainMs = 250;
/** A stream without a leader takes no notice of what it is sent. */
const recordTimeoutMs = 2_000;

/** What a store is made of. */
export interface StoreOptions {
  readonly connection: Connection;
  readonly subjects: Subjects;
  readonly stream: number;
  readonly limits: NatsLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** Copies of the stream; undefined: as many as the deployment makes sensible. */
  readonly replicas: number | undefined;
  /** Begins the subjects by which answers come. */
  readonly inbox: string;
  /** What the stream held may be lost, in part or as a whole. */
  readonly onGeneration: (stream: number) => void;
}

/** What a stream says of itself, as one of its messages. */
interface GenerationRecord {
  readonly id: string;
  /** The process that kept the stream, where there is only one. */
  readonly boot: string;
  readonly partitions: number;
  readonly streams: number;
}

/** How a message is to be stored. */
export interface PutOptions {
  /** Only if the subject's last message is this one; 0: it has none. */
  readonly expected?: number;
  /** It replaces what the subject has. */
  readonly replaces?: boolean;
}

/** One JetStream stream: what is stored there, and whether it is still the one it was. */
export class StreamStore {
  readonly stream: number;
  readonly #options: StoreOptions;
  readonly #stream: Stream;
  #generation = "";
  #created = "";
  /** Newest sequence known to have been acknowledged. */
  #knownSeq = 0;
  #renewing: Promise<void> | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.#stream = new Stream(options);
  }

  /** Names the stretch of time in which nothing acknowledged was lost; unguessable. */
  get generation(): string {
    return this.#generation;
  }

  /** The last message of a subject, as the stream's leader has it. */
  last(subject: string): Promise<Stored | undefined> {
    return this.#get({ last_by_subj: subject });
  }

  /** The message at a sequence. */
  at(seq: number): Promise<Stored | undefined> {
    return this.#get({ seq });
  }

  /** Stores a message and gives its sequence, or says that the subject's last one is another. */
  async put(
    subject: string,
    body: string | Uint8Array,
    { expected, replaces }: PutOptions = {},
  ): Promise<number | "conflict"> {
    const headers = {
      ...(expected !== undefined && {
        "Nats-Expected-Last-Subject-Sequence": String(expected),
      }),
      ...(replaces === true && { "Nats-Rollup": "sub" }),
    };
    const store = async () => {
      const { connection } = this.#options;
      const message = await connection.store(subject, body, headers);
      const { seq } = answerOf<{ readonly seq: number }>(message.string());
      this.note(seq);
      return seq;
    };
    try {
      return await this.#orRenewed(store);
    } catch (error) {
      if (error instanceof StoreError && isConflict(error)) return "conflict";
      throw error;
    }
  }

  /** A sequence that was acknowledged to somebody: the stream must never be shorter again. */
  note(seq: number): void {
    if (seq > this.#knownSeq) this.#knownSeq = seq;
  }

  /** Messages of a subject from one sequence to another that is known to be there. */
  range(subject: string, from: number, to: number): Promise<Stored[]> {
    return this.#scan({ filter: subject, from, to });
  }

  /** Where messages lie from a sequence on: all, or so many of them. */
  places(filter: string, from: number, maxCount?: number): Promise<Stored[]> {
    return this.#scan({
      filter,
      from,
      placesOnly: true,
      ...(maxCount !== undefined && { maxCount }),
    });
  }

  /** Messages of a subject from a sequence on, as far as there are any. */
  since(filter: string, from: number): Promise<Stored[]> {
    return this.#scan({ filter, from });
  }

  /** The last message of each subject. */
  lasts(filter: string): Promise<Stored[]> {
    return this.#scan({ filter });
  }

  /** Lets messages of a subject go: all, those before a sequence, or all but the newest. */
  async purge(filter: string, which: Purge = {}): Promise<void> {
    const { connection } = this.#options;
    await purgeMessages({ connection, stream: this.#stream.name, filter }, which);
  }

  /** The newest sequence; finds out on the way whether the stream is still the same. */
  async lastSeq(): Promise<number> {
    // Of before the question: what is acknowledged meanwhile need not be in the answer.
    const known = this.#knownSeq;
    const info = await this.#orRenewed(() => this.#caughtUp(() => this.#stream.info(), known));
    if (info.created !== this.#created || info.state.last_seq < known) {
      await this.renew();
    }
    return info.state.last_seq;
  }

  /** Looks whether the stream is there and still the same, and makes it where it is not. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  #get(query: Parameters<typeof getMessage>[2]): Promise<Stored | undefined> {
    return this.#orRenewed(() => getMessage(this.#options.connection, this.#stream.name, query));
  }

  #scan(scan: {
    readonly filter: string;
    readonly from?: number;
    readonly to?: number;
    readonly placesOnly?: boolean;
    readonly maxCount?: number;
  }): Promise<Stored[]> {
    const { connection, inbox } = this.#options;
    return this.#orRenewed(() =>
      scanMessages(connection, { ...scan, stream: this.#stream.name }, inbox),
    );
  }

  /** Does it again where the stream turned out to be gone, or what read it, and had to be made anew. */
  async #orRenewed<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError) || !goneCodes.has(error.code)) throw error;
    }
    await this.renew();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== apiCodes.noResponders) throw error;
      throw new StoreError("unreachable", "JetStream does not answer");
    }
  }

  async #renew(): Promise<void> {
    const known = this.#knownSeq;
    const info = await this.#caughtUp(() => this.#stream.made(), known);
    const lost =
      this.#created !== "" && (info.created !== this.#created || info.state.last_seq < known);
    for (let tries = 0; tries < maxTries; tries += 1) {
      const stored = await getMessage(this.#options.connection, this.#stream.name, {
        last_by_subj: this.#options.subjects.generation(this.stream),
      });
      const record = stored === undefined ? undefined : this.#recordOf(stored);
      const same = record !== undefined && !this.#outlived(record, lost);
      if (same) {
        this.#take(record.id, info, lost);
        return;
      }
      const next = this.#newRecord();
      if (await this.#stored(next, stored?.seq ?? 0)) {
        this.#take(next.id, info, lost);
        return;
      }
    }
    throw new StoreError("contended", "others keep renewing the stream");
  }

  /**
   * A look at the stream. A server that was just made its leader may still have to carry out some of what a
   * majority has acknowledged: it is given a while until it is as long as is known.
   */
  async #caughtUp(look: () => Promise<StreamInfo>, known: number): Promise<StreamInfo> {
    let info = await look();
    for (let looks = 1; looks < maxLooks && this.#stream.clustered; looks += 1) {
      if (info.created !== this.#created || info.state.last_seq >= known) break;
      await new Promise<void>((resolve) => this.#options.clock.after(lookAgainMs, resolve));
      info = await look();
    }
    return info;
  }

  /** Whether what the record names has ended: its process has, or its newest messages are gone. */
  #outlived({ boot, id }: GenerationRecord, lost: boolean): boolean {
    const now = this.#boot();
    if (boot !== "" && now !== "" && boot !== now) return true;
    // Where another one has noted the loss already, the record is not the one known here.
    return lost && id === this.#generation;
  }

  #take(id: string, info: StreamInfo, lost: boolean): void {
    const before = this.#generation;
    this.#generation = id;
    this.#created = info.created;
    const { last_seq: lastSeq } = info.state;
    this.#knownSeq = lost ? lastSeq : Math.max(this.#knownSeq, lastSeq);
    if (before !== "" && before !== id) this.#options.onGeneration(this.stream);
  }

  async #stored(record: GenerationRecord, expected: number): Promise<boolean> {
    const { connection, subjects, limits } = this.#options;
    try {
      const answer = await connection.ask(
        subjects.generation(this.stream),
        JSON.stringify(record),
        { "Nats-Expected-Last-Subject-Sequence": String(expected), "Nats-Rollup": "sub" },
        Math.min(limits.commandTimeoutMs, recordTimeoutMs),
      );
      answerOf(answer.string());
      return true;
    } catch (error) {
      if (error instanceof StoreError && isConflict(error)) return false;
      throw error;
    }
  }

  /** Of a cluster no single process can lose what a majority has acknowledged. */
  #boot(): string {
    return this.#stream.clustered ? "" : this.#options.connection.info.server_id;
  }

  #newRecord(): GenerationRecord {
    const { limits, random } = this.#options;
    return {
      id: random.id(generationLength),
      boot: this.#boot(),
      partitions: limits.partitions,
      streams: limits.streams,
    };
  }

  #recordOf({ text }: Stored): GenerationRecord {
    const record: GenerationRecord = JSON.parse(text);
    const { partitions, streams } = this.#options.limits;
    if (record.partitions !== partitions || record.streams !== streams) {
      throw new EngineError(
        `The NATS engine: the store was made with partitions=${record.partitions} and streams=${record.streams}, ` +
          `and this gateway is set to partitions=${partitions} and streams=${streams}. Use what the store has, or another prefix.`,
      );
    }
    return record;
  }
}

/** What an answer says where the stream is gone. */
const goneCodes: ReadonlySet<number> = new Set([
  apiCodes.streamNotFound,
  apiCodes.consumerNotFound,
  apiCodes.noResponders,
]);

function isConflict({ code }: StoreError): boolean {
  return code === apiCodes.wrongLastSequence || code === apiCodes.wrongLastSequenceConstant;
}

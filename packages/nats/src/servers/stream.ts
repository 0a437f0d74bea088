import type { Subjects } from "../subjects.js";
import { apiCodes, askApi } from "./api.js";
import type { Connection } from "./connection.js";
import { StoreError } from "./errors.js";
import { judgeStream, type StreamInfo, streamConfig } from "./stream_config.js";

/** What a stream is made of. */
export interface StreamOptions {
  readonly connection: Connection;
  readonly subjects: Subjects;
  readonly stream: number;
  /** Copies of it; undefined: as many as the deployment makes sensible. */
  readonly replicas: number | undefined;
}

/**
 * A JetStream stream, known by what it stores: on a single server its name is another each time it
 * is made anew.
 *
 * Such a server lets a stream be made while the files of one with the same name are still being
 * removed, and then removes the new one's. It also lets two streams of different names be made at
 * once that store the same. Hence a name that never was, and one that all who make it agree on: the
 * number after the last one. Who does not know the last one asks those who do. A cluster makes and
 * removes in one order, and one name is enough.
 */
export class Stream {
  readonly #options: StreamOptions;
  /** How many times it was made anew, as far as is known; undefined: it was not seen yet. */
  #times: number | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** As it was last called. */
  get name(): string {
    const { subjects, stream } = this.#options;
    return subjects.streamName(stream, this.#times);
  }

  /** Whether several servers keep it together. */
  get clustered(): boolean {
    return this.#options.connection.info.cluster !== undefined;
  }

  /** What the server says of it. Rejects with a StoreError, also where it is gone. */
  info(): Promise<StreamInfo> {
    return askApi(this.#options.connection, `STREAM.INFO.${this.name}`);
  }

  /** Makes it where it is not there. Rejects with a StoreError, or an EngineError where what is there will not do. */
  async made(): Promise<StreamInfo> {
    const there = (await this.#infoIfThere()) ?? (await this.#found()) ?? (await this.#byOthers());
    if (there === undefined) return await this.#make();
    judgeStream(there, this.#config());
    this.#times ??= 0;
    return there;
  }

  async #make(): Promise<StreamInfo> {
    const { connection } = this.#options;
    const before = this.#times;
    this.#times = before === undefined || this.clustered ? 0 : before + 1;
    const config = this.#config();
    try {
      return await askApi<StreamInfo>(connection, `STREAM.CREATE.${config.name}`, config);
    } catch (cause) {
      this.#times = before;
      if (!(cause instanceof StoreError) || !takenCodes.has(cause.code)) throw cause;
      // Another gateway was faster.
      const others = await this.#found();
      if (others === undefined) throw cause;
      judgeStream(others, this.#config());
      return others;
    }
  }

  #config() {
    const { subjects, stream, replicas } = this.#options;
    return streamConfig(subjects, stream, this.name, replicas ?? (this.clustered ? 3 : 1));
  }

  async #infoIfThere(): Promise<StreamInfo | undefined> {
    try {
      return await this.info();
    } catch (error) {
      if (error instanceof StoreError && error.code === apiCodes.streamNotFound) return undefined;
      throw error;
    }
  }

  /** The stream that stores what this one is to store. */
  async #found(): Promise<StreamInfo | undefined> {
    const { connection, subjects, stream } = this.#options;
    const { streams } = await askApi<{ readonly streams: readonly string[] | null }>(
      connection,
      "STREAM.NAMES",
      { subject: subjects.storedIn(stream) },
    );
    const times = (streams ?? []).flatMap((name) => subjects.timesOf(stream, name) ?? []);
    if (times.length === 0) return undefined;
    this.#times = Math.max(...times);
    return await this.#infoIfThere();
  }

  /** Has those look after it who know it, if this one does not and there are any. */
  async #byOthers(): Promise<StreamInfo | undefined> {
    if (this.#times !== undefined || this.clustered) return undefined;
    const { connection, subjects, stream } = this.#options;
    try {
      await connection.ask(subjects.lookAfter(stream), "");
    } catch (error) {
      // Nobody is there, or nobody who can.
      if (error instanceof StoreError) return undefined;
      throw error;
    }
    return await this.#found();
  }
}

/** What an answer says where somebody has made it. */
const takenCodes: ReadonlySet<number> = new Set([apiCodes.nameInUse, apiCodes.subjectsOverlap]);

import type { Random } from "@holdfast/core";
import type { Subjects } from "../subjects.js";
import { apiCodes, askApi } from "./api.js";
import type { Connection } from "./connection.js";
import { StoreError } from "./errors.js";
import { judgeStream, type StreamInfo, streamConfig } from "./stream_config.js";

const suffixLength = 6;

/** What a stream is made of. */
export interface StreamOptions {
  readonly connection: Connection;
  readonly subjects: Subjects;
  readonly stream: number;
  readonly random: Random;
  /** Copies of it; undefined: as many as the deployment makes sensible. */
  readonly replicas: number | undefined;
}

/**
 * A JetStream stream, known by what it stores: its name may be another each time it is made.
 *
 * A single server lets a stream be made while the files of one with the same name are still being
 * removed, and then removes the new one's: hence a name there that never was. A cluster makes and
 * removes in one order, and there one name for all keeps two gateways from making two streams.
 */
export class Stream {
  readonly #options: StreamOptions;
  #name: string;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#name = options.subjects.streamName(options.stream);
  }

  /** As it was last called. */
  get name(): string {
    return this.#name;
  }

  /** Whether several servers keep it together. */
  get clustered(): boolean {
    return this.#options.connection.info.cluster !== undefined;
  }

  /** What the server says of it. Rejects with a StoreError, also where it is gone. */
  info(): Promise<StreamInfo> {
    return askApi(this.#options.connection, `STREAM.INFO.${this.#name}`);
  }

  /** Makes it where it is not there. Rejects with a StoreError, or an EngineError where what is there will not do. */
  async made(): Promise<StreamInfo> {
    const { connection, subjects, stream, replicas, random } = this.#options;
    const configOf = (name: string) =>
      streamConfig(subjects, stream, name, replicas ?? (this.clustered ? 3 : 1));
    const there = (await this.#infoIfThere()) ?? (await this.#found());
    if (there !== undefined) {
      judgeStream(there, configOf(this.#name));
      return there;
    }
    const suffix = this.clustered ? "" : random.id(suffixLength);
    const config = configOf(subjects.streamName(stream, suffix));
    try {
      const made = await askApi<StreamInfo>(connection, `STREAM.CREATE.${config.name}`, config);
      this.#name = config.name;
      return made;
    } catch (cause) {
      if (!(cause instanceof StoreError) || !takenCodes.has(cause.code)) throw cause;
      // Another gateway was faster.
      const others = await this.#found();
      if (others === undefined) throw cause;
      judgeStream(others, config);
      return others;
    }
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
    const usual = subjects.streamName(stream);
    const name = streams?.find((one) => one === usual || one.startsWith(`${usual}-`));
    if (name === undefined) return undefined;
    this.#name = name;
    return await this.#infoIfThere();
  }
}

/** What an answer says where somebody has made it. */
const takenCodes: ReadonlySet<number> = new Set([apiCodes.nameInUse, apiCodes.subjectsOverlap]);

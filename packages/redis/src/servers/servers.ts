import type { Redis } from "ioredis";
import type { Script } from "../scripts/script.js";

/** What a command may be given, and what may come back. */
export type Argument = string | number | Buffer;
export type Reply = null | number | string | Buffer | Error | readonly Reply[];

/** A command that did not succeed: `sent` says whether a server may have carried it out. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly sent: boolean;
  /** The reply's first word ("TRYAGAIN", "READONLY", "OOM" …), or "" when there was no reply. */
  readonly code: string;

  constructor(message: string, details: { sent: boolean; code?: string; cause?: unknown }) {
    super(message, { cause: details.cause });
    this.sent = details.sent;
    this.code = details.code ?? "";
  }
}

/** What is told of the servers. */
export interface ServersListener {
  /** All of them can be reached and have been checked, or not. */
  onAvailability(available: boolean): void;
  /** Partitions may have other servers than before. */
  onPlaces(): void;
}

/** The master servers of a deployment, as one gateway's link reaches them. */
export interface Servers {
  readonly available: boolean;
  /** Publish and subscribe go by shard (Redis 7 and later); otherwise they go by the whole deployment. */
  readonly sharded: boolean;
  /** Connects and checks; rejects with a message for the operator when the servers will not do. */
  open(): Promise<void>;
  /** Names of the servers that have partitions now. */
  places(): readonly string[];
  /** The server that has a partition; undefined while nobody does. */
  placeOf(partition: number): string | undefined;
  /** Partitions of the same lane may share one call of a script. */
  laneOf(partition: number): number;
  /** Calls that may be under way on a lane at a time without losing their order. */
  readonly callsPerLane: number;
  /** Runs a script; rejects with CommandError. Replies are buffers, numbers, null and lists of them. */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply>;
  /** Sends one command; rejects with CommandError. */
  command(name: string, ...args: Argument[]): Promise<Reply>;
  /** A new connection to a place, for the relay; not connected yet. */
  connection(place: string): Redis;
  /** Gives the command connection to a place up and makes a new one: it no longer answers. */
  giveUp(place: string): void;
  /** Asks the cluster again who has which slot. */
  lookAgain(): void;
  close(): void;
}

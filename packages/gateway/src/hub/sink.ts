import type { CloseCode, Codec } from "@holdfast/protocol";
import type { Frame } from "../transport.js";

/** What the hub knows of a connection: a queue in its codec. Everything is sent in the order given. */
export interface Sink {
  readonly codec: Codec;
  /** The number by which `Broadcast` reaches this queue as it is; 0: frames have to pass this sink. */
  readonly slot: number;
  /** Answers, resets, presence: never conflated. */
  control(frame: Frame): void;
  /** Entries of a channel's history: never dropped; a reader too slow for them is closed. */
  stored(frame: Frame): void;
  /** May be dropped, or replaced by a later one of the same channel and key, while the reader is slow. */
  ephemeral(frame: Frame): void;
  /** The queue can take more replayed entries. */
  readonly hasRoom: boolean;
  /** Calls `callback` once when the queue has room again; never when the connection ends before. */
  whenRoom(callback: () => void): void;
  /** Closes the connection. */
  fail(code: CloseCode): void;
}

/** Reaches the queues of many connections in one go. */
export interface Broadcast {
  /** Queues a frame for the first `count` slots, as their sinks would; slot 0 is nobody's. */
  send(slots: Int32Array, count: number, frame: Frame): void;
}

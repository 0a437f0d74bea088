import { EngineError } from "@holdfast/broker";
import type { Subjects } from "../subjects.js";

/** The parts of what is too large for one message must fit the server's `max_payload`. */
export const minPayloadBytes = 524_288;

/** The parts of a stream's configuration that this engine decides on. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly republish?: { readonly src: string; readonly dest: string };
  readonly num_replicas: number;
  readonly [name: string]: unknown;
}

/** A stream as the server describes it. */
export interface StreamInfo {
  readonly created: string;
  readonly config: StreamConfig;
  readonly state: { readonly last_seq: number; readonly first_seq: number };
}

/** How a stream of this engine is made, under a name. */
export function streamConfig(
  subjects: Subjects,
  stream: number,
  name: string,
  replicas: number,
): StreamConfig {
  return {
    name,
    subjects: [subjects.storedIn(stream)],
    republish: subjects.toldOf(stream),
    retention: "limits",
    storage: "file",
    // Full, it must refuse what is new: dropping the old would take what checkpoints stand on.
    discard: "new",
    num_replicas: replicas,
    max_consumers: -1,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    duplicate_window: 100_000_000,
    allow_rollup_hdrs: true,
    // Replicas may answer direct reads, and a replica may lag behind what was acknowledged.
    allow_direct: false,
    deny_delete: false,
    deny_purge: false,
  };
}

/** Throws an EngineError where an existing stream is not what this engine needs. */
export function judgeStream({ config }: StreamInfo, wanted: StreamConfig): void {
  const asks = (what: string, wayOut: string) =>
    new EngineError(
      `The NATS engine: stream ${config.name} ${what}, and every channel rule with history needs it otherwise. ${wayOut}`,
    );
  const { src, dest } = config.republish ?? {};
  if (src !== wanted.republish?.src || dest !== wanted.republish?.dest) {
    throw asks(
      "does not republish what it stores",
      "Choose another prefix in the engine's URL, or remove the stream.",
    );
  }
  if (config.allow_rollup_hdrs !== true) {
    throw asks("does not allow rollups", "Set allow_rollup_hdrs, or choose another prefix.");
  }
  if (config.deny_purge === true || config.deny_delete === true) {
    throw asks("denies purging", "Choose another prefix, or remove the stream.");
  }
  const { max_age: maxAge = 0, max_msgs_per_subject: perSubject = -1 } = config;
  const drops = config.retention !== "limits" || Number(maxAge) > 0 || Number(perSubject) > 0;
  if (config.discard !== "new" || drops) {
    throw asks(
      "lets old messages go by itself",
      "Set retention to limits, discard to new, max_age to 0 and max_msgs_per_subject to -1, or choose another prefix.",
    );
  }
  if (config.sealed === true || config.no_ack === true) {
    throw asks(
      "does not acknowledge what it is sent",
      "Choose another prefix, or remove the stream.",
    );
  }
  const { max_msg_size: largest = -1 } = config;
  if (Number(largest) >= 0 && Number(largest) < minPayloadBytes) {
    throw asks(
      `takes messages of ${largest} bytes at most`,
      `Set max_msg_size to -1, or to at least ${minPayloadBytes}.`,
    );
  }
}

import type { Msg } from "@nats-io/transport-node";
import { askApi, type Stored } from "./api.js";
import type { Connection } from "./connection.js";
import { StoreError } from "./errors.js";

/** Which messages to read of a stream, oldest first. */
export interface Scan {
  readonly stream: string;
  /** Subjects, with wildcards. */
  readonly filter: string;
  /** From this sequence on; undefined: the last one of each subject. */
  readonly from?: number;
  /** Done at this sequence. Without it done when there are no more. */
  readonly to?: number;
  /** Not what they hold. */
  readonly placesOnly?: boolean;
}

/** Messages asked for at a time. */
const batchCount = 500;
/** How long the server keeps what reads once and then is forgotten, in nanoseconds. */
const inactiveNs = 30_000_000_000;
/** How long the server waits for messages that it does not have yet, in nanoseconds. */
const expiresNs = 2_000_000_000;
let scans = 0;

interface Batch {
  readonly messages: Stored[];
  /** Messages the server had left after the last of these. */
  readonly left: number;
}

/** Reads messages by a consumer of its own. Rejects with a StoreError. */
export async function scanMessages(
  connection: Connection,
  scan: Scan,
  inbox: string,
): Promise<Stored[]> {
  const { stream, filter, from, to, placesOnly } = scan;
  const created = await askApi<{ readonly name: string; readonly num_pending?: number }>(
    connection,
    `CONSUMER.CREATE.${stream}`,
    {
      stream_name: stream,
      config: {
        ...(from === undefined
          ? { deliver_policy: "last_per_subject" }
          : { deliver_policy: "by_start_sequence", opt_start_seq: from }),
        filter_subject: filter,
        ack_policy: "none",
        inactive_threshold: inactiveNs,
        mem_storage: true,
        num_replicas: 1,
        ...(placesOnly === true && { headers_only: true }),
      },
    },
  );
  const found: Stored[] = [];
  try {
    let left = created.num_pending ?? 0;
    if (left === 0 && to === undefined) return found;
    for (;;) {
      const batch = await nextBatch(
        connection,
        stream,
        created.name,
        inbox,
        to ?? Number.POSITIVE_INFINITY,
      );
      found.push(...batch.messages);
      left = batch.left;
      const last = found.at(-1)?.seq ?? 0;
      if (to !== undefined ? last >= to : left === 0) return found;
      if (batch.messages.length === 0) {
        throw new StoreError("unknown", `stream ${stream} did not give what it has`);
      }
    }
  } finally {
    askApi(connection, `CONSUMER.DELETE.${stream}.${created.name}`).catch(() => {});
  }
}

/** Reads what is there of the next messages: until `to`, the batch is full, or the server has no more. */
function nextBatch(
  connection: Connection,
  stream: string,
  consumer: string,
  inbox: string,
  to: number,
): Promise<Batch> {
  scans += 1;
  const reply = `${inbox}.${scans}`;
  const messages: Stored[] = [];
  return new Promise((resolve, reject) => {
    let left = 0;
    const stop = connection.hear(reply, (message) => {
      const status = message.headers?.code ?? 0;
      if (status === 0 || message.reply?.startsWith("$JS.ACK") === true) {
        const place = placeOf(message);
        messages.push({ seq: place.seq, subject: message.subject, text: message.string() });
        left = place.left;
        if (place.seq < to && left > 0 && messages.length < batchCount) return;
      }
      stop();
      resolve({ messages, left });
    });
    try {
      connection.tell(
        `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
        JSON.stringify({ batch: batchCount, expires: expiresNs }),
        reply,
      );
    } catch (error) {
      stop();
      reject(error);
      return;
    }
    // A connection that is lost now takes the answer with it.
    connection.ask("$JS.API.INFO", "").catch((error: unknown) => {
      stop();
      reject(error);
    });
  });
}

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<left>`, or with a domain and account before the stream. */
function placeOf(message: Msg): { readonly seq: number; readonly left: number } {
  const tokens = message.reply?.split(".") ?? [];
  const shift = tokens.length > 9 ? 2 : 0;
  return { seq: Number(tokens[5 + shift]), left: Number(tokens[8 + shift]) };
}

import type { Msg } from "@nats-io/transport-node";
import { answerOf, apiCodes, askApi, type Stored } from "./api.js";
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
  /** No more than this many. */
  readonly maxCount?: number;
  /** Not what they hold. */
  readonly placesOnly?: boolean;
}

/** What of a connection a scan needs. */
export type ScanConnection = Pick<Connection, "ask" | "askForMany">;

/** Messages asked for at a time. */
const batchCount = 500;
/** How long the server keeps what reads once and then is forgotten, in nanoseconds. */
const inactiveNs = 30_000_000_000;
/** How long the server waits for messages that it does not have yet. */
const expiresMs = 2_000;
/** Nobody is there who could answer. */
const noResponders = 503;
let scans = 0;

interface Batch {
  readonly messages: Stored[];
  /** Messages the server had left after the last of these. */
  readonly left: number;
}

/** Reads messages by a consumer of its own. Rejects with a StoreError. */
export async function scanMessages(
  connection: ScanConnection,
  scan: Scan,
  inbox: string,
): Promise<Stored[]> {
  const { stream, filter, from, to, placesOnly, maxCount = Number.POSITIVE_INFINITY } = scan;
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
      const batch = await nextBatch(connection, stream, created.name, inbox, {
        to: to ?? Number.POSITIVE_INFINITY,
        count: Math.min(batchCount, maxCount - found.length),
      });
      found.push(...batch.messages);
      left = batch.left;
      if (found.length >= maxCount) return found;
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
async function nextBatch(
  connection: ScanConnection,
  stream: string,
  consumer: string,
  inbox: string,
  { to, count }: { readonly to: number; readonly count: number },
): Promise<Batch> {
  scans += 1;
  const messages: Stored[] = [];
  let left = 0;
  let isGone = false;
  const heard = (message: Msg): boolean => {
    const status = message.headers?.code ?? 0;
    if (status !== 0 && message.reply?.startsWith("$JS.ACK") !== true) {
      isGone = status === noResponders || message.headers?.description === "Consumer Deleted";
      return true;
    }
    const place = placeOf(message);
    messages.push({ seq: place.seq, subject: message.subject, text: message.string() });
    left = place.left;
    return place.seq >= to || left === 0 || messages.length >= count;
  };
  const read = connection.askForMany(
    {
      subject: `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      body: JSON.stringify({ batch: count, expires: expiresMs * 1_000_000 }),
      reply: `${inbox}.${scans}`,
      expiresMs,
    },
    heard,
  );
  // A consumer that went with its stream does not answer before 2.10; that it went can be had at once.
  const gone = new Promise<never>((_resolve, reject) => {
    connection.ask(`$JS.API.CONSUMER.INFO.${stream}.${consumer}`, "").then(
      (answer) => {
        try {
          answerOf(answer.string());
        } catch (error) {
          reject(error);
        }
      },
      // Lost or too busy to say: reading finds out by itself.
      () => {},
    );
  });
  await Promise.race([read, gone]);
  if (isGone && messages.length === 0) {
    throw new StoreError("refused", "what read the stream is gone", apiCodes.consumerNotFound);
  }
  return { messages, left };
}

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<left>`, or with a domain and account before the stream. */
function placeOf(message: Msg): { readonly seq: number; readonly left: number } {
  const tokens = message.reply?.split(".") ?? [];
  const shift = tokens.length > 9 ? 2 : 0;
  return { seq: Number(tokens[5 + shift]), left: Number(tokens[8 + shift]) };
}

import type { Connection } from "./connection.js";
import { StoreError } from "./errors.js";

/** JetStream's numbers of what is wrong. */
export const apiCodes = {
  noPeers: 10_005,
  consumerNotFound: 10_014,
  insufficientResources: 10_023,
  tooManyConsumers: 10_026,
  tooManyStreams: 10_027,
  noMessage: 10_037,
  notEnabledForAccount: 10_039,
  storageExceeded: 10_047,
  nameInUse: 10_058,
  streamNotFound: 10_059,
  subjectsOverlap: 10_065,
  noReplicas: 10_074,
  notEnabled: 10_076,
  boundRequired: 10_113,
  wrongLastSequence: 10_071,
  wrongLastSequenceConstant: 10_164,
  noResponders: 503,
} as const;

interface ApiAnswer {
  readonly error?: {
    readonly code: number;
    readonly err_code?: number;
    readonly description?: string;
  };
}

/** A message as the stream has it. */
export interface Stored {
  readonly seq: number;
  readonly subject: string;
  /** JSON text; empty where only its place was asked for. */
  readonly text: string;
}

/** Sends a request of JetStream's API and gives its answer. Rejects with a StoreError. */
export async function askApi<Answer>(
  connection: Pick<Connection, "ask">,
  operation: string,
  body: unknown = "",
): Promise<Answer> {
  const text = body === "" ? "" : JSON.stringify(body);
  const message = await connection.ask(`$JS.API.${operation}`, text);
  return answerOf<Answer>(message.string());
}

/** What an answer holds, or the error it tells of as a StoreError. */
export function answerOf<Answer>(text: string): Answer {
  const answer: Answer & ApiAnswer = JSON.parse(text);
  const { error } = answer;
  if (error === undefined) return answer;
  throw new StoreError(
    "refused",
    error.description ?? "no reason given",
    error.err_code ?? error.code,
  );
}

/** The message that a query finds; undefined: there is none. Answered by the stream's leader. */
export async function getMessage(
  connection: Connection,
  stream: string,
  query:
    | { readonly last_by_subj: string }
    | { readonly seq: number; readonly next_by_subj?: string },
): Promise<Stored | undefined> {
  try {
    const { message } = await askApi<{
      readonly message: { readonly seq: number; readonly subject: string; readonly data?: string };
    }>(connection, `STREAM.MSG.GET.${stream}`, query);
    const { seq, subject, data = "" } = message;
    return { seq, subject, text: Buffer.from(data, "base64").toString("utf8") };
  } catch (error) {
    if (error instanceof StoreError && error.code === apiCodes.noMessage) return undefined;
    throw error;
  }
}

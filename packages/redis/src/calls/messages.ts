import { type Failure, failure } from "@holdfast/protocol";

/**
 * Messages of calls, each a head line and raw bytes: to an inbox of services `C` a call and `X` its
 * end; to the inbox of replies `R` a reply and `F` a refusal.
 */
export type CallMessage =
  | {
      readonly kind: "call";
      /** Number of the service at its link. */
      readonly service: string;
      readonly id: string;
      /** Where the reply goes. */
      readonly replyTo: string;
      readonly timeoutMs: number;
      readonly subject: string;
      readonly payload: Uint8Array;
    }
  | { readonly kind: "end"; readonly id: string }
  | { readonly kind: "reply"; readonly id: string; readonly payload: Uint8Array }
  | { readonly kind: "refusal"; readonly id: string; readonly failure: Failure };

const newline = 10;

function message(head: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${head}\n`), payload]);
}

/** A call, before the script puts in which service it is for. */
export function encodeCall(
  id: string,
  replyTo: string,
  timeoutMs: number,
  subject: string,
  payload: Uint8Array,
): Buffer {
  return message(`${id} ${replyTo} ${Math.ceil(timeoutMs)} ${subject}`, payload);
}

/** Nobody waits for the call any more. */
export function encodeEnd(id: string): string {
  return `X${id}`;
}

export function encodeReply(id: string, payload: Uint8Array): Buffer {
  return message(`R${id}`, payload);
}

export function encodeRefusal(id: string, { code, message: text }: Failure): Buffer {
  return message(`F${id}`, Buffer.from(JSON.stringify({ code, text })));
}

/** Reads a message that came to an inbox; undefined: it is none of these. */
export function decodeCallMessage(bytes: Buffer): CallMessage | undefined {
  const end = bytes.indexOf(newline);
  const words = bytes.toString("utf8", 1, end < 0 ? bytes.length : end).split(" ");
  const payload = new Uint8Array(end < 0 ? [] : bytes.subarray(end + 1));
  const [first = ""] = words;
  switch (bytes.toString("latin1", 0, 1)) {
    case "C": {
      const [service = "", id = "", replyTo = "", timeoutMs, subject = ""] = words;
      return {
        kind: "call",
        service,
        id,
        replyTo,
        timeoutMs: Number(timeoutMs),
        subject,
        payload,
      };
    }
    case "X":
      return { kind: "end", id: first };
    case "R":
      return { kind: "reply", id: first, payload };
    case "F": {
      const { code, text } = JSON.parse(Buffer.from(payload).toString("utf8"));
      return { kind: "refusal", id: first, failure: refusal(code, text) };
    }
    default:
      return undefined;
  }
}

function refusal(code: string, text: string): Failure {
  if (code === "busy" || code === "too_large") return failure(code, text);
  return failure("call_failed", text);
}

import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";

/** Headers of calls and what answers them. */
export const headerNames = {
  /** Milliseconds the caller waits. */
  timeout: "Hf-Timeout",
  /** `taken`, `reply` or `refusal`. */
  kind: "Hf-Kind",
  /** Who took the call: unique per service and link. */
  member: "Hf-Member",
  /** Where the member's link is told that the call has ended. */
  link: "Hf-Link",
} as const;

/** What a member tells a caller. */
export type ReplyKind = "taken" | "reply" | "refusal";

/** A call's headers. */
export function callHeaders(timeoutMs: number): MsgHdrs {
  const made = headers();
  made.set(headerNames.timeout, String(Math.ceil(timeoutMs)));
  return made;
}

/** An answer's headers. */
export function replyHeaders(kind: ReplyKind, member: string, link: string): MsgHdrs {
  const made = headers();
  made.set(headerNames.kind, kind);
  made.set(headerNames.member, member);
  made.set(headerNames.link, link);
  return made;
}

/** What an answer is; undefined: none of this engine's. */
export function kindOf({ headers: given }: Msg): ReplyKind | undefined {
  const kind = given?.get(headerNames.kind);
  return kind === "taken" || kind === "reply" || kind === "refusal" ? kind : undefined;
}

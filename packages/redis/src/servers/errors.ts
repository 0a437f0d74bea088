import { CommandError } from "./servers.js";

/** Errors with which a server says that it has not carried a command out, not even in part. */
const definite =
  /\b(NOSCRIPT|MOVED|ASK|TRYAGAIN|CLUSTERDOWN|CROSSSLOT|READONLY|OOM|MISCONF|NOREPLICAS|LOADING|BUSY|MASTERDOWN|NOPERM|NOAUTH|WRONGPASS)\b/;
/** What ioredis says when it had no connection to write to. */
const unsent = /enableOfflineQueue options is false|None of startup nodes is available/;

/**
 * What became of a command that ioredis rejects. A server's refusal before the first write is
 * definite; whatever else happened after the command was on its way is not known.
 */
export function commandError(cause: unknown): CommandError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const isReply =
    (cause instanceof Error && cause.name === "ReplyError") ||
    message.startsWith("Too many Cluster redirections");
  const code = isReply ? definite.exec(message)?.[1] : undefined;
  if (code !== undefined) return new CommandError(message, { sent: false, code, cause });
  return new CommandError(message, { sent: !unsent.test(message), cause });
}

/** ioredis gave up waiting for the answer; its connection stays open and cannot be trusted. */
export function isTimeout(error: CommandError): boolean {
  return error.message === "Command timed out";
}

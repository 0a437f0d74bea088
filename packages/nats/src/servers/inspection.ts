import { EngineError } from "@holdfast/broker";
import { errors, type ServerInfo } from "@nats-io/transport-node";
import { apiCodes } from "./api.js";
import { StoreError } from "./errors.js";
import { minPayloadBytes } from "./stream_config.js";

const minMajor = 2;
const minMinor = 9;

/** Throws an EngineError where a server cannot do what this engine needs; it says what to change. */
export function judgeServer(info: ServerInfo): void {
  const { version, max_payload: maxPayload } = info;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < minMajor || (major === minMajor && minor < minMinor)) {
    throw refused(
      `the server is of version ${version}, and following a channel by what a stream republishes, which every channel rule needs, works from 2.9 on`,
      "Use a newer server, of 2.10 or later if you can.",
    );
  }
  if (info.headers !== true) {
    throw refused(
      "the server takes no headers (no_header_support), and every channel rule needs them to publish in order",
      "Take no_header_support out of its configuration.",
    );
  }
  if (info.jetstream !== true) {
    throw refused(
      "JetStream is not enabled, and every channel rule with history, presence, leases and logs needs it",
      "Start the server with -js, or give its configuration a jetstream block.",
    );
  }
  if (maxPayload < minPayloadBytes) {
    throw refused(
      `the server's max_payload is ${maxPayload} bytes, and snapshots of channel rules with state are stored in larger parts`,
      `Set max_payload to at least ${minPayloadBytes}.`,
    );
  }
}

/** What speaks against servers that will do; undefined: nothing. */
export function warningOf(info: ServerInfo): string | undefined {
  if (info.cluster === undefined || !/^[12]\.\d\./.test(info.version)) return undefined;
  return refused(
    `the servers are a cluster of version ${info.version}, which can lose what it acknowledged when its servers are killed or frozen, and every channel rule with history counts on it`,
    "Use 2.10 or later, on every server of the cluster.",
  ).message;
}

/** What keeps a link from beginning, as an EngineError that says what to change. */
export function refusalOf(cause: unknown, prefix: string, streams: number): EngineError {
  if (cause instanceof EngineError) return cause;
  if (cause instanceof errors.AuthorizationError) {
    const wayOut = "Give the engine's URL the user and password, or the token, that they know.";
    return refused("the servers do not let this user in", wayOut, cause);
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof StoreError) {
    if (cause.kind === "forbidden") {
      return refused(
        `this user may not do what every channel rule needs (${message})`,
        `Allow it to publish and to subscribe to ${prefix}.>, _INBOX.> and $JS.API.>.`,
        cause,
      );
    }
    const wayOut = waysOut(prefix, streams)[cause.code];
    if (wayOut !== undefined) {
      return refused(
        `JetStream does not give every channel rule with history, presence, leases and logs what it needs (${message})`,
        wayOut,
        cause,
      );
    }
  }
  return refused(`the servers cannot be used: ${message}`, undefined, cause);
}

/** Whether it stays as it is, however often one asks. */
export function isFinal(cause: unknown): boolean {
  if (!(cause instanceof StoreError)) return true;
  return cause.kind === "forbidden" || finalCodes.has(cause.code);
}

const finalCodes: ReadonlySet<number> = new Set([
  apiCodes.notEnabled,
  apiCodes.notEnabledForAccount,
  apiCodes.tooManyStreams,
  apiCodes.tooManyConsumers,
  apiCodes.storageExceeded,
  apiCodes.noReplicas,
  apiCodes.subjectsOverlap,
  apiCodes.boundRequired,
]);

function waysOut(prefix: string, streams: number): Readonly<Record<number, string>> {
  const room = `Raise the account's limits, or take fewer than streams=${streams} in the engine's URL.`;
  return {
    [apiCodes.notEnabled]: "Give the user's account a jetstream block, or use another account.",
    [apiCodes.notEnabledForAccount]:
      "Give the user's account a jetstream block, or use another account.",
    [apiCodes.tooManyStreams]: room,
    [apiCodes.storageExceeded]: room,
    [apiCodes.insufficientResources]: room,
    [apiCodes.tooManyConsumers]:
      "Raise the account's max_consumers: each reading of history takes one for a moment.",
    [apiCodes.noReplicas]:
      "A single server keeps one copy: take replicas= out of the engine's URL, or make it a cluster.",
    [apiCodes.noPeers]:
      "Each copy needs a server of its own with JetStream: start more, or set replicas= in the engine's URL.",
    [apiCodes.subjectsOverlap]: `Another stream stores subjects below ${prefix}: remove it, or choose another prefix in the engine's URL.`,
    [apiCodes.boundRequired]:
      "Take max_bytes_required out of the account's limits: a stream that is full refuses publishes.",
  };
}

function refused(what: string, wayOut?: string, cause?: unknown): EngineError {
  const text = wayOut === undefined ? "" : ` ${wayOut}`;
  return new EngineError(`The NATS engine: ${what}.${text}`, cause === undefined ? {} : { cause });
}

import type { PublishOutcome, PublishRequest } from "@holdfast/broker";
import { digest } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import type { RedisLimits } from "../limits.js";
import { encodeBody } from "../relay/frames.js";
import type { Argument } from "../servers/servers.js";

/** A publish on its way: what the script is given of it. */
export interface PublishItem {
  readonly channel: string;
  /** Size of its payload, in bytes. */
  readonly bytes: number;
  /** Its values for the script, after the number of its channel. */
  readonly values: readonly Argument[];
  readonly done: (outcome: PublishOutcome) => void;
}

/** Length first, so that no scope and value can be mistaken for another pair. */
function keyName(key: PublishRequest["key"]): string {
  return key === undefined ? "" : `${key.scope.length}:${key.scope}${key.value}`;
}

const longest = Number.MAX_SAFE_INTEGER;
const whole = (bound: number): number => Math.max(0, Math.min(longest, Math.floor(bound)));

function encoded(request: PublishRequest): { body: Buffer | string; bytes: number } | Failure {
  const { bytes, data } = request;
  if ((data === undefined) === (bytes === undefined)) {
    return failure("invalid_data", "Exactly one of `data` and `bytes` is expected.");
  }
  try {
    if (bytes !== undefined) return { body: encodeBody(request, undefined), bytes: bytes.length };
    const text: string | undefined = JSON.stringify(data);
    if (text === undefined) return failure("invalid_data", "The data is not a JSON value.");
    return { body: encodeBody(request, text), bytes: Buffer.byteLength(text) };
  } catch {
    return failure("invalid_data", "The data is not a JSON value or is nested too deep.");
  }
}

/** Prepares a publish; `id` will be its witness. The request may change afterwards. */
export function publishItem(
  request: PublishRequest,
  id: string,
  limits: RedisLimits,
  done: PublishItem["done"],
): PublishItem | Failure {
  const payload = encoded(request);
  if ("ok" in payload) return payload;
  if (payload.bytes > limits.maxEntryBytes) return failure("too_large");
  const { key, session, expectedOffset, history } = request;
  const guarded = key !== undefined || session !== undefined;
  return {
    channel: request.channel,
    bytes: payload.bytes,
    values: [
      id,
      payload.bytes,
      payload.body,
      whole(history.maxCount),
      whole(history.maxBytes),
      whole(history.maxAgeMs),
      expectedOffset ?? "",
      keyName(key),
      session?.id ?? "",
      session?.seq ?? "",
      session?.generation ?? 0,
      guarded ? digest(request) : "",
      request.pinned === true ? 1 : 0,
    ],
    done,
  };
}

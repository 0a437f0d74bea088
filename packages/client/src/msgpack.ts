import type { Codec } from "@holdfast/protocol";
import { msgpackCodec } from "@holdfast/protocol/msgpack";

/**
 * Has a client speak MessagePack instead of JSON: `connect(url, { codec: msgpack() })`. Nothing else
 * changes; `bytes` travel as they are, and frames are smaller. The gateway has to offer
 * `holdfast.v1.msgpack`, as it does unless it is older than this.
 */
export function msgpack(): Codec {
  return msgpackCodec;
}

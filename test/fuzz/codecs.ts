import type { Codec } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { msgpackCodec } from "@holdfast/protocol/msgpack";

/** Every codec of the wire: what is given to one is given to all. */
export const codecs: readonly Codec[] = [jsonCodec, msgpackCodec];

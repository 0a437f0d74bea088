import { openWs, systemClock, systemRandom } from "@holdfast/client/internal/node";
import { jsonCodec } from "@holdfast/protocol/json";
import { msgpackCodec } from "@holdfast/protocol/msgpack";
import type { VerifyPlatform } from "../verify/settings.js";

/** The clock, the chance and the sockets of Node. */
export const nodePlatform: VerifyPlatform = {
  clock: systemClock,
  random: systemRandom,
  codecs: [jsonCodec, msgpackCodec],
  openSocket: openWs,
};

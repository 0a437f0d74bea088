/** @import { Opposite } from "./opposites/opposite.mjs" */
import { delivery } from "./opposites/delivery.mjs";
import { frames } from "./opposites/frames.mjs";
import { handshake } from "./opposites/handshake.mjs";
import { identity } from "./opposites/identity.mjs";
import { messages } from "./opposites/messages.mjs";

/**
 * Every protection that can be switched off in its source, by row of the abuse cases.
 * @type {readonly Opposite[]}
 */
export const opposites = [...handshake, ...frames, ...identity, ...messages, ...delivery].sort(
  (one, other) => one.row - other.row,
);

import type { ContractOf } from "@holdfast/protocol";
import { clientJsonCodec } from "@holdfast/protocol/json";
import type { ClientOptions } from "./options.js";
import { openSocket, platformEvents } from "./platform/browser.js";
import { systemClock, systemRandom } from "./platform/system.js";
import { type Client, createClient } from "./session/client.js";

export * from "./exports.js";

/**
 * Connects to a gateway and stays connected until `close()`. Never throws: how it goes is in
 * `client.on("state")`. The type parameter is the gateway's, for typed channels and calls:
 * `connect<typeof gateway>("wss://example.org/ws")`.
 */
export function connect<T = unknown>(
  url: string,
  options: ClientOptions = {},
): Client<ContractOf<T>> {
  return createClient<T>({
    ...options,
    url,
    codec: options.codec ?? clientJsonCodec,
    clock: systemClock,
    random: systemRandom,
    openSocket,
    events: platformEvents,
  });
}

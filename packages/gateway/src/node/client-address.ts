import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv4 } from "node:net";
import type { Duplex } from "node:stream";

/** Hops of `X-Forwarded-For` looked at, from the right. */
const MAX_HOPS = 32;

/** Whose `X-Forwarded-For` is believed: addresses and ranges in CIDR. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** Throws `TypeError` for what is neither an address nor a range. */
  constructor(ranges: readonly string[]) {
    this.#isEmpty = ranges.length === 0;
    for (const [index, range] of ranges.entries()) {
      const complaint = this.#add(range);
      if (complaint !== undefined)
        throw new TypeError(`createGateway: option trustedProxies[${index}]: ${complaint}.`);
    }
  }

  /**
   * Who sent a request: its peer, unless that is a trusted proxy; then the nearest address of
   * `X-Forwarded-For`, read from the right, that is not a trusted proxy. Anybody can write what stands to the left of it.
   */
  clientOf({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">): string | undefined {
    let client = plain(socket.remoteAddress);
    if (this.#isEmpty || client === undefined || !this.#trusts(client)) return client;
    const header = headers["x-forwarded-for"];
    const text = Array.isArray(header) ? header.join(",") : (header ?? "");
    const hops = text.split(",").slice(-MAX_HOPS).reverse();
    for (const hop of hops) {
      const address = plain(hop.trim());
      // What is no address was written by no proxy that is configured as it should be.
      if (address === undefined || isIP(address) === 0) break;
      client = address;
      if (!this.#trusts(address)) break;
    }
    return client;
  }

  #trusts(address: string): boolean {
    return this.#list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  }

  #add(range: string): string | undefined {
    const [address = "", prefix, ...more] = range.split("/");
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    const length = prefix === undefined ? most : Number(prefix);
    const isLength = /^\d{1,3}$/.test(prefix ?? "0") && length <= most;
    if (family === 0 || more.length > 0 || !isLength) {
      return `expected an address or a range such as 10.0.0.0/8, got ${JSON.stringify(range)}`;
    }
    this.#list.addSubnet(address, length, family === 4 ? "ipv4" : "ipv6");
    return undefined;
  }
}

/**
 * Lets go of the address that Node keeps with a socket once it was read. Who asks again is told again, as long
 * as the socket is open.
 */
export function forgetAddress(socket: Duplex): void {
  if ("_peername" in socket) socket._peername = undefined;
}

/** IPv4 that came through a socket for both (`::ffff:1.2.3.4`, RFC 4291 §2.5.5.2) as IPv4. */
function plain(address: string | undefined): string | undefined {
  const mapped = address?.toLowerCase().startsWith("::ffff:") ? address.slice(7) : undefined;
  return mapped !== undefined && isIPv4(mapped) ? mapped : address;
}

import type { IncomingMessage } from "node:http";
import { isIPv4 } from "node:net";

/**
 * true where a request that reached a loopback address was meant for this machine: its `Host` says so.
 * A page of another site can point a name of its own at 127.0.0.1 (DNS rebinding), and would then be
 * of the gateway's own origin.
 */
export function isForLocalHost({
  headers,
  socket,
}: Pick<IncomingMessage, "headers" | "socket">): boolean {
  if (!isLoopback(socket.localAddress ?? "")) return true;
  const { host } = headers;
  // HTTP/1.0 and non-browsers may leave it out; every browser sends it.
  if (host === undefined) return true;
  const name = host
    .toLowerCase()
    .replace(/:\d{1,5}$/, "")
    .replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost") || isLoopback(name);
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, "").replace(/^\[(.*)\]$/, "$1");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

import { isIPv4 } from "node:net";

/** true for an address only this machine can reach: 127.0.0.0/8 (RFC 1122 §3.2.1.3), ::1 and localhost. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIPv4(host) && host.startsWith("127.");
}

import { BlockList, isIP } from "node:net";

/** Address ranges nothing outside this machine or its networks can own. */
const inward = new BlockList();
// IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates).
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  inward.addSubnet(network, prefix, "ipv4");
}
// IANA IPv6 Special-Purpose Address Registry, and what was retired from it. ::/96 (RFC 4291 §2.5.5.1),
// ::ffff:0:0:0/96 (RFC 2765), 64:ff9b::/96 (NAT64) and 2002::/16 (6to4) embed IPv4.
for (const [network, prefix] of [
  ["::", 96],
  ["::ffff:0:0:0", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  inward.addSubnet(network, prefix, "ipv6");
}

/**
 * true for an address inside this machine or its networks, and for a text that is no address: a
 * URL from a configuration or a user must not make the gateway speak to it (abuse case 34, SSRF).
 * IPv4 addresses written as IPv6 (`::ffff:10.0.0.1`) are judged as IPv4.
 */
export function pointsInward(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  return inward.check(address, family === 6 ? "ipv6" : "ipv4");
}

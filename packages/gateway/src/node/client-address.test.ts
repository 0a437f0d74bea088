import { describe, expect, it } from "vitest";
import { TrustedProxies } from "./client-address.js";

function clientOf(ranges: string[], peer: string, forwarded?: string): string | undefined {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  const request = { headers, socket: { remoteAddress: peer } };
  return new TrustedProxies(ranges).clientOf(request as never);
}

describe("the client's address", () => {
  it.each([
    ["is the peer's where nobody is trusted", [], "10.0.0.1", "9.9.9.9", "10.0.0.1"],
    ["is the peer's where another is trusted", ["10.0.0.2"], "10.0.0.1", "9.9.9.9", "10.0.0.1"],
    ["is what a trusted proxy says", ["10.0.0.0/8"], "10.0.0.1", "9.9.9.9", "9.9.9.9"],
    [
      "is the nearest one that is no proxy, whatever a client wrote left of it",
      ["10.0.0.0/8"],
      "10.0.0.1",
      "1.1.1.1, 9.9.9.9, 10.0.0.7",
      "9.9.9.9",
    ],
    ["is the outermost where all are proxies", ["10.0.0.0/8"], "10.0.0.1", "10.0.0.3", "10.0.0.3"],
    ["is the proxy's where it says nothing", ["10.0.0.1"], "10.0.0.1", undefined, "10.0.0.1"],
    ["is the proxy's where it says nonsense", ["10.0.0.1"], "10.0.0.1", "unknown", "10.0.0.1"],
    [
      "is not what stands beyond nonsense",
      ["10.0.0.0/8"],
      "10.0.0.1",
      "9.9.9.9, <script>, 10.0.0.2",
      "10.0.0.2",
    ],
    ["is plain IPv4 on a socket for both", ["10.0.0.1"], "::ffff:10.0.0.1", "9.9.9.9", "9.9.9.9"],
    ["may be IPv6", ["fd00::/8"], "fd00::1", "2001:db8::5", "2001:db8::5"],
  ])("%s", (_name, ranges, peer, forwarded, expected) => {
    expect(clientOf(ranges, peer, forwarded)).toBe(expected);
  });

  it("is found in a header without end within bounds", () => {
    const long = `9.9.9.9,${"10.0.0.2,".repeat(5_000)}10.0.0.3`;
    expect(clientOf(["10.0.0.0/8"], "10.0.0.1", long)).toBe("10.0.0.2");
  });
});

it.each(["10.0.0.0/33", "10.0.0.0/", "proxy.example", "10.0.0.0/8/8", "::/129", "", "10.0.0.0/-1"])(
  "%j is no range of proxies",
  (range) => {
    expect(() => new TrustedProxies([range])).toThrow(/option trustedProxies\[0\]/);
  },
);

import type { IncomingHttpHeaders } from "node:http";
import { Socket } from "node:net";
import { TrustedProxies } from "../../../packages/gateway/src/node/client-address.js";
import { isForLocalHost } from "../../../packages/gateway/src/node/local-host.js";
import {
  checkHandshake,
  negotiate,
  queryToken,
} from "../../../packages/gateway/src/node/negotiation.js";
import { complaintAboutOrigin, originAllowed } from "../../../packages/gateway/src/node/origins.js";
import { networkOf } from "../../../packages/gateway/src/session/arrivals.js";
import { codecs } from "../codecs.js";
import { spoilt } from "../kit/bytes.js";
import { must, type Target } from "../kit/target.js";

// An input is header lines; `:url` and `:peer` stand for what is no header.

const names = [
  ":url",
  ":peer",
  "host",
  "origin",
  "upgrade",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
  "x-forwarded-for",
] as const;

const values: Readonly<Record<(typeof names)[number], readonly string[]>> = {
  ":url": ["/ws", "/ws?token=abc", "/ws?ticket=a&token=b", "/ws?token=%ff", "/ws??", "//ws"],
  ":peer": ["127.0.0.1", "::1", "::ffff:10.0.0.1", "2001:db8::1", "fe80::1%eth0", ""],
  host: ["localhost", "127.0.0.1:8000", "[::1]:8000", "app.example", "app.example."],
  origin: ["https://app.example", "https://a.b.app.example", "null", "http://localhost:8000"],
  upgrade: ["websocket", "h2c"],
  "sec-websocket-key": ["dGhlIHNhbXBsZSBub25jZQ=="],
  "sec-websocket-version": ["13", "8", "013", "13, 8"],
  "sec-websocket-extensions": [
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=15, x",
    "constructor",
  ],
  "sec-websocket-protocol": ["holdfast.v1.json", "holdfast.v1.json, holdfast.token.abc"],
  "x-forwarded-for": ["1.2.3.4, 10.0.0.1", "::1", "unknown", "1.2.3.4:80"],
};

const origins = ["https://app.example", "https://*.app.example", "https://*.b.example:8443"];
const proxies = new TrustedProxies(["10.0.0.0/8", "127.0.0.1", "::1", "2001:db8::/32"]);
const [plain] = codecs;

/** Everything that judges a request for a connection before `ws` sees it. */
export function handshakeTarget(share: number): Target {
  return {
    name: "handshake",
    share,
    make(random) {
      const lines = names
        .filter(() => random.chance(0.7))
        .map((name) => {
          const value = Buffer.from(random.pick(values[name]));
          return Buffer.concat([Buffer.from(`${name}: `), spoilt(value, random), Buffer.of(10)]);
        });
      return Buffer.concat(lines);
    },
    start() {
      return { run: judge };
    },
  };
}

function judge(input: Buffer): void {
  const { ":url": url, ":peer": remoteAddress, ...given } = linesOf(input);
  const headers: IncomingHttpHeaders = given;
  const addresses = {
    remoteAddress: { value: remoteAddress },
    localAddress: { value: "127.0.0.1" },
  };
  // Reading its prototype's own addresses would need a descriptor.
  const socket: Socket = Object.create(Socket.prototype, addresses);
  const request = { headers, socket };
  const refusals = [
    checkHandshake("GET", headers),
    plain && negotiate(headers["sec-websocket-protocol"], codecs, plain),
    queryToken(url, true),
  ];
  for (const refusal of refusals) {
    if (refusal === undefined || refusal.ok) continue;
    must(refusal.status >= 400 && refusal.status < 500, "what is refused is the client's fault");
    must(refusal.message !== "", "a refusal says why");
  }
  if (originAllowed(headers.origin, headers.host, origins) && headers.origin !== undefined) {
    const host = (headers.host ?? "").toLowerCase();
    const isListed = /^https:\/\/([a-z0-9.-]+\.)?app\.example$/.test(headers.origin);
    const isOther = /^https:\/\/[a-z0-9.-]+\.b\.example:8443$/.test(headers.origin);
    must(isListed || isOther || isOwn(headers.origin, host), "an origin is listed, or the host's");
  }
  if (headers.origin !== undefined) complaintAboutOrigin(headers.origin);
  isForLocalHost(request);
  networkOf(proxies.clientOf(request) ?? "");
}

function isOwn(origin: string, host: string): boolean {
  return URL.canParse(origin) && host.startsWith(new URL(origin).hostname);
}

function linesOf(input: Buffer): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of input.toString("latin1").split("\n")) {
    const at = line.indexOf(": ");
    const name = line.slice(0, at);
    if (at > 0 && (names as readonly string[]).includes(name)) headers[name] = line.slice(at + 2);
  }
  return headers;
}

/** One opening handshake: the request's header lines that differ, and the status it must get. */
export interface HandshakeCase {
  readonly section: string;
  readonly name: string;
  /** Replaces the header of the name; undefined: leaves it out. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly method?: string;
  readonly status: number;
}

const key = (name: string, value: string | undefined, status = 400): HandshakeCase => ({
  section: "§4.2.1",
  name: `a key that is ${name}`,
  headers: { "Sec-WebSocket-Key": value },
  status,
});

const offers = [
  "permessage-deflate",
  "permessage-deflate; client_max_window_bits",
  "permessage-deflate; client_max_window_bits=15",
  "permessage-deflate; server_max_window_bits=8",
  "permessage-deflate; server_no_context_takeover",
  "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
  "permessage-deflate; server_max_window_bits=10, permessage-deflate",
  "permessage-deflate; server_max_window_bits=99",
  "permessage-deflate; unknown=1",
  "x-webkit-deflate-frame, permessage-deflate",
  "foo, bar; baz=2",
];

/** Every case of the opening handshake. */
export const handshakeCases: readonly HandshakeCase[] = [
  { section: "§4.2.2", name: "the handshake of §1.3", headers: {}, status: 101 },
  key("missing", undefined),
  key("empty", ""),
  key("too short", "dGhlIHNhbXBsZQ=="),
  key("too long", "dGhlIHNhbXBsZSBub25jZSBsb25n"),
  key("not base64", "dGhlIHNhbXBsZSBub25jZ!=="),
  key("without padding", "dGhlIHNhbXBsZSBub25jZQ"),
  key("of zeros", "AAAAAAAAAAAAAAAAAAAAAA==", 101),
  ...["0", "7", "8", "12", "14", "255"].map((version) => ({
    section: "§4.4",
    name: `version ${version}, answered with the one that is spoken`,
    headers: { "Sec-WebSocket-Version": version },
    status: 426,
  })),
  ...[undefined, "", "thirteen", "-13", "13, 8"].map((version) => ({
    section: "§4.2.1",
    name: `version ${JSON.stringify(version)}`,
    headers: { "Sec-WebSocket-Version": version },
    status: 400,
  })),
  ...["POST", "PUT", "DELETE", "HEAD", "OPTIONS"].map((method) => ({
    section: "§4.2.1",
    name: `method ${method}`,
    method,
    headers: {},
    status: 405,
  })),
  ...["WebSocket", "WEBSOCKET"].map((upgrade) => ({
    section: "§4.2.1",
    name: `Upgrade: ${upgrade}, in whatever case`,
    headers: { Upgrade: upgrade },
    status: 101,
  })),
  ...["h2c", "websockets", "web socket"].map((upgrade) => ({
    section: "§4.2.1",
    name: `Upgrade: ${upgrade}`,
    headers: { Upgrade: upgrade },
    status: 426,
  })),
  ...["upgrade", "keep-alive, Upgrade", "UPGRADE"].map((connection) => ({
    section: "§4.2.1",
    name: `Connection: ${connection}`,
    headers: { Connection: connection },
    status: 101,
  })),
  ...offers.map((offer) => ({
    section: "§9.1, RFC 7692 §5",
    name: `the offer "${offer}" is declined and the connection opens`,
    headers: { "Sec-WebSocket-Extensions": offer },
    status: 101,
  })),
  ...[",", ";", "a b", "permessage-deflate,,x", "=1"].map((offer) => ({
    section: "§9.1",
    name: `the offer "${offer}", which is out of grammar`,
    headers: { "Sec-WebSocket-Extensions": offer },
    status: 400,
  })),
  {
    section: "§10.2",
    name: "a page of a foreign origin",
    headers: { Origin: "https://evil.example" },
    status: 403,
  },
];

// RFC 7692 §5 and §7.1: what a client may offer, and what a server answers.

/** One `Sec-WebSocket-Extensions` offer, and what it must lead to. */
export interface OfferCase {
  readonly section: string;
  readonly name: string;
  readonly offer: string;
  /** Index of the offer in the list that is agreed on; absent: all are declined, and the connection opens. */
  readonly accepted?: number;
}

const NAME = "permessage-deflate";
const bits = [8, 9, 10, 11, 12, 13, 14, 15];

const accepted = (section: string, offer: string, index = 0): OfferCase => ({
  section,
  name: `the offer "${offer}" is agreed on`,
  offer,
  accepted: index,
});

const declined = (section: string, offer: string): OfferCase => ({
  section,
  name: `the offer "${offer}" is declined, and the connection opens`,
  offer,
});

/** Each choice of each parameter with each of the others. */
const combined: OfferCase[] = ["", "; server_no_context_takeover"].flatMap((serverContext) =>
  ["", "; client_no_context_takeover"].flatMap((clientContext) =>
    ["", ...[8, 9, 15].map((each) => `; server_max_window_bits=${each}`)].flatMap((server) =>
      [
        "",
        "; client_max_window_bits",
        ...[8, 9, 15].map((n) => `; client_max_window_bits=${n}`),
      ].map((client) =>
        accepted("§7.1", `${NAME}${serverContext}${clientContext}${server}${client}`),
      ),
    ),
  ),
);

const windows: OfferCase[] = [
  ...[10, 11, 12, 13, 14].flatMap((each) => [
    accepted("§7.1.2.1", `${NAME}; server_max_window_bits=${each}`),
    accepted("§7.1.2.2", `${NAME}; client_max_window_bits=${each}`),
  ]),
  ...bits.flatMap((each) => [
    accepted("§7.1.2.1", `${NAME}; server_max_window_bits="${each}"`),
    accepted("§7.1.2.2", `${NAME}; client_max_window_bits="${each}"`),
  ]),
];

const notWindows = [
  "0",
  "1",
  "7",
  "16",
  "99",
  "100",
  "08",
  "015",
  "+9",
  "-9",
  "9.0",
  "1e1",
  "0xA",
  "a",
];

const invalid: OfferCase[] = [
  ...notWindows.flatMap((value) => [
    declined("§7.1.2.1", `${NAME}; server_max_window_bits=${value}`),
    declined("§7.1.2.2", `${NAME}; client_max_window_bits=${value}`),
  ]),
  declined("§7.1.2.1", `${NAME}; server_max_window_bits`),
  ...["1", "true", '"1"', "0", "false"].flatMap((value) => [
    declined("§7.1.1.1", `${NAME}; server_no_context_takeover=${value}`),
    declined("§7.1.1.2", `${NAME}; client_no_context_takeover=${value}`),
  ]),
  ...["unknown", "unknown=1", "Server_no_context_takeover", "toString", "__proto__=1"].map((each) =>
    declined("§7.1", `${NAME}; ${each}`),
  ),
  ...[
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits=10",
    "client_max_window_bits",
    "client_max_window_bits=10",
  ].flatMap((each) => [
    declined("§7.1", `${NAME}; ${each}; ${each}`),
    declined("§7.1", `${NAME}; ${each}; ${each.split("=")[0]}=11`),
  ]),
  ...["x-webkit-deflate-frame", "permessage-bzip2", "permessage-deflate-x", "deflate-frame"].map(
    (each) => declined("§4", each),
  ),
];

const lists: OfferCase[] = [
  accepted("§5.1", `${NAME}, ${NAME}; client_max_window_bits`),
  accepted("§5.1", `${NAME}; client_max_window_bits=9, ${NAME}`),
  accepted("§5.1", `foo, ${NAME}`, 1),
  accepted("§5.1", `foo; bar=1, baz, ${NAME}; client_max_window_bits`, 2),
  accepted("§7.1", `${NAME}; unknown=1, ${NAME}`, 1),
  accepted("§7.1", `${NAME}; server_max_window_bits=7, ${NAME}; server_max_window_bits=8`, 1),
  accepted("§7.1", `${NAME}; server_max_window_bits, ${NAME}; server_no_context_takeover`, 1),
  accepted("§7.1", `${NAME}; client_max_window_bits=16, foo, ${NAME}`, 2),
  accepted("§5.1", `${NAME} ;client_max_window_bits = 10 , foo`),
  declined("§7.1", `${NAME}; unknown=1, ${NAME}; server_max_window_bits=3`),
];

/** Every case of negotiation. */
export const offerCases: readonly OfferCase[] = [...combined, ...windows, ...invalid, ...lists];

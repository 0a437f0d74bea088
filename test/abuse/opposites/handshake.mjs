/** @import { Opposite } from "./opposite.mjs" */
import { node, session, test } from "./opposite.mjs";

const abuse = "test/e2e/abuse.test.ts";
const limits = "test/e2e/limits.test.ts";

/** @type {readonly Opposite[]} */
export const handshake = [
  {
    row: 1,
    name: "every origin may connect",
    file: `${node}/upgrade.ts`,
    find: "if (!originAllowed(headers.origin, headers.host, origins, secure)) {",
    replace: "if (false) {",
    test: test(abuse, "abuse 1: a foreign Origin gets 403"),
  },
  {
    row: 1,
    name: "every name of this machine is its own",
    file: `${node}/local-host.ts`,
    find: '  if (!isLoopback(socket.localAddress ?? "")) return true;',
    replace: "  return true;",
    test: test("test/e2e/headers.test.ts", "abuse 1: answers no page whose name was pointed at it"),
  },
  {
    row: 2,
    name: "any number of header lines",
    file: `${node}/upgrade.ts`,
    find: "if (request.rawHeaders.length > 2 * MAX_HEADERS) {",
    replace: "if (false) {",
    test: test(abuse, "abuse 2: too many headers"),
  },
  {
    row: 2,
    name: "a megabyte of headers",
    file: `${node}/server-door.ts`,
    find: "maxHeaderSize: limits.maxHeaderBytes,",
    replace: "maxHeaderSize: 1_048_576,",
    test: test(abuse, "abuse 2: too many headers"),
  },
  {
    row: 3,
    name: "names of Object.prototype are extensions like others",
    file: `${node}/negotiation.ts`,
    find: "if (!TOKEN.test(name) || name in {}) return malformed;",
    replace: "if (!TOKEN.test(name)) return malformed;",
    test: test(abuse, "abuse 3: an extension named constructor gets 400"),
  },
  {
    row: 7,
    name: "headers may take for ever",
    file: `${node}/server-door.ts`,
    find: "headersTimeout: limits.headersTimeoutMs,\n      requestTimeout: limits.requestTimeoutMs,",
    replace: "headersTimeout: 0,\n      requestTimeout: 0,",
    test: test(`${node}/server-door.test.ts`, "abuse 7: a request whose headers never end"),
  },
  {
    row: 7,
    name: "whoever says nothing keeps others out",
    file: `${node}/connection-gate.ts`,
    find: "return nowMs - atMs < this.#silentMs && socket.bytesRead",
    replace: "return socket.bytesRead",
    test: test(`${node}/connection-gate.test.ts`, "abuse 7: those who say nothing"),
  },
  {
    row: 8,
    name: "any number of connections in a process",
    file: `${node}/upgrade.ts`,
    find: "if (this.#transports.size >= settings.maxConnections) {",
    replace: "if (false) {",
    test: test(abuse, "abuse 8: beyond the limit of connections"),
  },
  {
    row: 8,
    name: "any number of connections of a user",
    file: `${session}/session.ts`,
    find: "this.#isCounted = this.shared.users.add(this.user);",
    replace: "this.#isCounted = this.shared.users.add(this.user) || true;",
    test: test(limits, "abuse 8: one user's connections beyond the limit"),
  },
  {
    row: 8,
    name: "any number of connections of an address",
    file: "packages/gateway/src/core.ts",
    find: "const isAddressCounted = this.#addresses.add(network);",
    replace: "const isAddressCounted = this.#addresses.add(network) || true;",
    test: test(limits, "abuse 8: connections from one address beyond the limit"),
  },
  {
    row: 8,
    name: "any rate of connections from a network",
    file: `${session}/arrivals.ts`,
    find: "if (this.#perSecond === 0) return 0;",
    replace: "if (this.#perSecond >= 0) return 0;",
    test: test(`${session}/limits.test.ts`, "(abuse 8) > are taken at their rate"),
  },
  {
    row: 29,
    name: "any rate of connections of a process",
    file: "packages/gateway/src/core.ts",
    find: "return Math.max(waitMs, this.#accepts.waitMs());",
    replace: "return waitMs;",
    test: test(limits, "abuse 29: more connections a second than permitted"),
  },
  {
    row: 29,
    name: "a farewell without a word",
    file: `${session}/drain.ts`,
    find: "session.end(closeCode.draining, this.advice());",
    replace: "session.terminate();",
    test: test("test/e2e/drain.test.ts", "abuse 29: closing tells every client to come back"),
  },
];

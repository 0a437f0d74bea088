/**
 * What the gateway has to survive, and how it comes out of it. `pending`: the part whose door does not
 * exist yet, which is never counted as passed. `unplanted`: why no source of ours can switch the
 * protection off.
 *
 * @typedef {object} AbuseCase
 * @property {number} row
 * @property {string} what happens
 * @property {string} outcome
 * @property {string} [pending]
 * @property {string} [unplanted]
 */

/** @type {readonly AbuseCase[]} */
export const abuseCases = [
  {
    row: 1,
    what: "foreign Origin, with or without a valid session cookie",
    outcome: "HTTP 403, no upgrade",
  },
  {
    row: 2,
    what: "more headers or header bytes than the limit",
    outcome: "400/431, process lives",
  },
  {
    row: 3,
    what: "extension named `constructor`, hostile or endless subprotocol list",
    outcome: "400, no regular-expression stall",
  },
  {
    row: 4,
    what: "bad, expired, wrong-audience, `alg: none` or wrong-key token",
    outcome: "close 45xx `unauthorized`",
  },
  {
    row: 5,
    what: "connected, never authenticates, keeps talking",
    outcome: "closed at an absolute deadline",
  },
  {
    row: 6,
    what: "flood before authentication",
    outcome: "closed; its queues freed",
  },
  {
    row: 7,
    what: "slow-loris upgrade",
    outcome: "408 and destroyed",
  },
  {
    row: 8,
    what: "connection limits: per process, per user, per address",
    outcome: "refused with the retry advice of its kind",
  },
  {
    row: 9,
    what: "unmasked frame, RSV bits, reserved opcode, fragmented control frame",
    outcome: "1002",
  },
  {
    row: 10,
    what: "invalid UTF-8 in text or close reason",
    outcome: "1007",
  },
  {
    row: 11,
    what: "over-long message, 64-bit length",
    outcome: "1009 before the memory is allocated",
  },
  {
    row: 12,
    what: "endless tiny fragments, never FIN",
    outcome: "closed; a process-wide bound holds",
  },
  {
    row: 13,
    what: "compression bomb",
    outcome: "1009 before it is fully inflated",
  },
  {
    row: 14,
    what: "token expires; permission revoked while connected",
    outcome: "refresh asked for, then closed / unsubscribed within the bound",
  },
  {
    row: 15,
    what: "ping flood, message flood, byte flood",
    outcome: "rate-limit error, then closed",
  },
  {
    row: 16,
    what: "one-byte close body; our own reason longer than 123 bytes",
    outcome: "1002; truncated on a UTF-8 boundary",
  },
  {
    row: 17,
    what: "malformed message in each codec",
    outcome: "error reply naming the field; repeated: closed",
  },
  {
    row: 18,
    what: "`__proto__` keys, deep nesting, huge numbers, lone surrogates",
    outcome: "error reply, no pollution",
  },
  {
    row: 19,
    what: "forbidden channel, wildcard where none is allowed, channel name out of grammar",
    outcome: "error reply; repeated: closed",
  },
  {
    row: 20,
    what: "a handler or service throws, hangs or answers nonsense",
    outcome: "that request fails with a code; nobody else notices",
  },
  {
    row: 21,
    what: "a reader stops reading",
    outcome: "conflated, then closed retryable; others unaffected; resumes whole",
  },
  {
    row: 22,
    what: "cut in the middle of a replay, twice",
    outcome: "no gap, no duplicate",
  },
  {
    row: 23,
    what: "resume before any message was ever received",
    outcome: "everything since the subscribe",
  },
  {
    row: 24,
    what: "broker restarted empty (new epoch), also under a live subscription",
    outcome: "explicit reset",
  },
  {
    row: 25,
    what: "gap longer than history",
    outcome: "explicit reset, never a part",
  },
  {
    row: 26,
    what: "acknowledgement lost, publish repeated",
    outcome: "one delivery",
  },
  {
    row: 27,
    what: "broker unreachable",
    outcome:
      "publishes rejected with a retryable error; readiness goes false; recovery without restart",
  },
  {
    row: 28,
    what: "half-open TCP",
    outcome: "terminated by heartbeat within its bound",
  },
  {
    row: 29,
    what: "SIGTERM under load / SIGKILL under load",
    outcome:
      "paced close with retry delay and spread / clients return elsewhere, excess is asked to wait",
  },
  {
    row: 30,
    what: "two sockets resume one session; two players take the last seat",
    outcome: "the older one is closed; exactly one seat is granted",
    pending: "two players take the last seat: with the rooms",
  },
  {
    row: 31,
    what: "HTTP API: wrong key, replayed signature, oversized body, unknown channel",
    outcome: "401/403/413/404 as problem+json, constant-time comparison",
    pending: "replayed signatures: no request is signed yet",
  },
  {
    row: 32,
    what: "console and metrics from outside",
    outcome: "off or authenticated unless opened on purpose",
    pending: "the console: it does not exist yet",
  },
  {
    row: 33,
    what: "out of file descriptors",
    outcome: "accepts pause and recover; existing connections keep working",
    unplanted:
      "accepts are paused and begun again by the platform (libuv); no source of ours can switch it off",
  },
  {
    row: 34,
    what: "a webhook or JWKS target that points inward (SSRF), redirects, hangs or returns megabytes",
    outcome: "refused or bounded; the last good keys stay in use",
    pending: "webhooks: they do not exist yet",
  },
];

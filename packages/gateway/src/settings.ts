import { integer, type OptionValues } from "@holdfast/core";

/** Limits and times of the gateway, declared once for file, environment, flags and reference page. */
export const settings = {
  pingIntervalMs: integer(25_000, {
    unit: "ms",
    min: 1000,
    description: "Time between protocol pings on a connection.",
  }),
  pongTimeoutMs: integer(10_000, {
    unit: "ms",
    min: 500,
    description: "Time a pong may take before the connection is terminated.",
  }),
  authTimeoutMs: integer(10_000, {
    unit: "ms",
    min: 100,
    description: "Time a connection has to authenticate, whatever it sends.",
  }),
  maxEarlyMessages: integer(256, {
    unit: "count",
    min: 1,
    description: "Commands a connection may send before it is authenticated.",
  }),
  maxEarlyBytes: integer(262_144, {
    unit: "bytes",
    min: 128,
    description: "Bytes of commands a connection may send before it is authenticated.",
  }),
  maxMessageBytes: integer(65_536, {
    unit: "bytes",
    min: 128,
    description: "Largest message taken from a client.",
  }),
  maxFragmentsPerMessage: integer(1_024, {
    unit: "count",
    min: 1,
    description: "Frames (fragments, RFC 6455 §5.4) a client may cut one message into.",
  }),
  maxMessagesPerFrame: integer(256, {
    unit: "count",
    min: 1,
    description: "Largest batch of commands in one frame.",
  }),
  maxDataDepth: integer(32, {
    unit: "count",
    min: 1,
    description: "Deepest nesting of published data.",
  }),
  maxSubscriptionsPerConnection: integer(1000, {
    unit: "count",
    min: 1,
    description: "Subscriptions one connection may hold.",
  }),
  maxPendingCallsPerConnection: integer(64, {
    unit: "count",
    min: 1,
    description: "Calls one connection may have outstanding.",
  }),
  maxConnections: integer(50_000, {
    unit: "count",
    min: 1,
    description: "Connections of one gateway process.",
  }),
  maxConnectionsPerUser: integer(1_000, {
    unit: "count",
    min: 0,
    description: "Connections of one user to one gateway process; 0: no separate limit.",
  }),
  maxConnectionsPerAddress: integer(0, {
    unit: "count",
    min: 0,
    description:
      "Connections from one network address to one gateway process; 0: no separate limit, as is needed behind a proxy, where all come from one address.",
  }),
  acceptsPerSecond: integer(2_000, {
    unit: "count/s",
    min: 1,
    description:
      "Connections accepted per second (burst: one second's worth); further ones are asked to wait.",
  }),
  acceptsPerSecondPerAddress: integer(0, {
    unit: "count/s",
    min: 0,
    description:
      "Connections accepted per second from one network address, an IPv4 address or the /64 of an IPv6 one; 0: no separate limit.",
  }),
  flushIntervalMs: integer(0, {
    unit: "ms",
    min: 0,
    max: 1_000,
    description:
      "Time over which messages for a connection are gathered into one write; 0: one write per turn of the event loop.",
  }),
  compressionThresholdBytes: integer(512, {
    unit: "bytes",
    min: 0,
    description: "With `compression`: smaller messages are sent as they are.",
  }),
  compressionLevel: integer(3, {
    unit: "level",
    min: 1,
    max: 9,
    description: "With `compression`: 1 is fast, 9 is small.",
  }),
  maxOutboundBytes: integer(1_048_576, {
    unit: "bytes",
    min: 1024,
    description: "Bytes that may wait for a slow reader before it is closed.",
  }),
  maxOutboundMessages: integer(10_000, {
    unit: "count",
    min: 16,
    description: "Messages that may wait for a slow reader before it is closed.",
  }),
  maxPresenceDataBytes: integer(1024, {
    unit: "bytes",
    min: 0,
    description: "Largest data of one presence member.",
  }),
  maxPresenceMembers: integer(1000, {
    unit: "count",
    min: 1,
    description: "Members listed per channel; beyond it only the count is exact.",
  }),
  maxPresenceEventMembers: integer(500, {
    unit: "count",
    min: 1,
    description:
      "Members of a channel up to which watchers are told of each join and leave; beyond it they are told the count.",
  }),
  presenceCountIntervalMs: integer(1_000, {
    unit: "ms",
    min: 100,
    description: "Time between two counts sent to watchers who are no longer told of each change.",
  }),
  maxBadMessages: integer(10, {
    unit: "count",
    min: 1,
    description: "Malformed or forbidden commands of a connection before it is closed.",
  }),
  messagesPerSecond: integer(200, {
    unit: "count/s",
    min: 1,
    description: "Commands a connection may send per second on average (burst: twice as many).",
  }),
  bytesPerSecond: integer(4_194_304, {
    unit: "bytes/s",
    min: 1024,
    description:
      "Bytes a connection may send per second on average (burst: twice as many, and at least one message).",
  }),
  messagesPerSecondPerUser: integer(2_000, {
    unit: "count/s",
    min: 0,
    description:
      "Commands all connections of one user to one gateway process may send per second; 0: no separate limit.",
  }),
  bytesPerSecondPerUser: integer(16_777_216, {
    unit: "bytes/s",
    min: 0,
    description:
      "Bytes all connections of one user to one gateway process may send per second; 0: no separate limit.",
  }),
  messagesPerSecondPerAddress: integer(0, {
    unit: "count/s",
    min: 0,
    description:
      "Commands all connections from one network address may send per second; 0: no separate limit, as is needed behind a proxy that is not among `trustedProxies`.",
  }),
  bytesPerSecondPerAddress: integer(0, {
    unit: "bytes/s",
    min: 0,
    description:
      "Bytes all connections from one network address may send per second; 0: no separate limit.",
  }),
  idleTimeoutMs: integer(0, {
    unit: "ms",
    min: 0,
    description:
      "Time a connection may hold no subscription and no presence and ask for nothing before it is closed (at most twice this); 0: no limit.",
  }),
  callTimeoutMs: integer(10_000, {
    unit: "ms",
    min: 10,
    description: "Longest time a call's handler may take.",
  }),
  handlerTimeoutMs: integer(5_000, {
    unit: "ms",
    min: 10,
    description: "Longest time an authenticate or authorize handler may take.",
  }),
  authorizeCacheMs: integer(1_000, {
    unit: "ms",
    min: 0,
    max: 2_000,
    description: "Time an authorize handler's answer is reused.",
  }),
  authorizeRecheckMs: integer(30_000, {
    unit: "ms",
    min: 0,
    description:
      "Time after which the authorize handler is asked again about a connection's subscriptions; 0: only when told to (`gateway.recheck`).",
  }),
  ticketLifeMs: integer(30_000, {
    unit: "ms",
    min: 1_000,
    max: 300_000,
    description: "Time in which a ticket (`POST /api/tickets`) can be used, once.",
  }),
  maxTokenLifeMs: integer(31_622_400_000, {
    unit: "ms",
    min: 1_000,
    description:
      "Longest life of a token from now on; one that ends later is refused. A revocation is remembered for this long, since no token it concerns can live longer.",
  }),
  maxRevocations: integer(100_000, {
    unit: "count",
    min: 1,
    description:
      "Revocations remembered. Beyond it the oldest is forgotten, and every token issued before that one was made is refused.",
  }),
  hubRingEntries: integer(256, {
    unit: "count",
    min: 1,
    description: "Recent entries a followed channel keeps to bridge replay and live.",
  }),
  hubRingBytes: integer(1_048_576, {
    unit: "bytes",
    min: 1024,
    description: "Bytes of recent entries a followed channel keeps to bridge replay and live.",
  }),
  replayPageEntries: integer(256, {
    unit: "count",
    min: 1,
    description: "Entries of one history read during a replay.",
  }),
  replayPageBytes: integer(262_144, {
    unit: "bytes",
    min: 1024,
    description: "Bytes of one history read during a replay.",
  }),
  maxConcurrentReplays: integer(64, {
    unit: "count",
    min: 1,
    description: "Replays reading at the same time; further ones take turns.",
  }),
  maxWaitingReplays: integer(20_000, {
    unit: "count",
    min: 1,
    description: "Replays waiting for their turn; further ones are asked to wait.",
  }),
  maxReplayBytes: integer(268_435_456, {
    unit: "bytes",
    min: 1024,
    description:
      "Bytes of replayed pages on their way to their readers in the whole process; further replays take turns.",
  }),
  replayStallMs: integer(30_000, {
    unit: "ms",
    min: 100,
    description: "Time a connection may take nothing of its replay before it is closed.",
  }),
  resumesPerSecond: integer(5_000, {
    unit: "count/s",
    min: 1,
    description:
      "Resumes from history begun per second (burst: one second's worth); further ones are asked to wait.",
  }),
  maxReplayRounds: integer(4_096, {
    unit: "count",
    min: 1,
    description: "History reads of one replay before it gives up.",
  }),
  maxStateBytes: integer(262_144, {
    unit: "bytes",
    min: 64,
    description:
      "State of one channel, as JSON text; what would make it larger is refused. At most half of `maxOutboundBytes`.",
  }),
  maxStateMemoryBytes: integer(268_435_456, {
    unit: "bytes",
    min: 1024,
    description:
      "Channel states kept in the whole process, so that late joiners need no read; the least recently used are dropped.",
  }),
  snapshotEveryCount: integer(256, {
    unit: "count",
    min: 1,
    description: "Publications between two stored snapshots of a folded state, roughly.",
  }),
  snapshotEveryBytes: integer(262_144, {
    unit: "bytes",
    min: 64,
    description: "Bytes of publications between two stored snapshots of a folded state, roughly.",
  }),
  snapshotReuseMs: integer(1_000, {
    unit: "ms",
    min: 0,
    description: "Time a snapshot handler's answer is reused for late joiners.",
  }),
  quietCheckIntervalMs: integer(5_000, {
    unit: "ms",
    min: 100,
    description:
      "Time between comparisons of quiet channels with the engine (jittered, at most twice this).",
  }),
  unfollowDelayMs: integer(5_000, {
    unit: "ms",
    min: 0,
    description: "Time a channel without subscribers is still followed.",
  }),
  tlsCheckIntervalMs: integer(10_000, {
    unit: "ms",
    min: 10,
    description:
      "Time between checks whether the files of the TLS certificate and its key have changed.",
  }),
  drainMs: integer(10_000, {
    unit: "ms",
    min: 0,
    description: "Time over which a stopping gateway spreads its disconnects.",
  }),
} as const;

/** Resolved settings. */
export type Settings = OptionValues<typeof settings>;

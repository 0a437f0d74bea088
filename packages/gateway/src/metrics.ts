import type { MetricDeclaration } from "@holdfast/core";

/**
 * Every metric of the gateway, declared once; `docs/metrics.md` is generated from it.
 * Label values come from closed sets, never from what a client sent.
 */
export const metrics = {
  connections: {
    name: "holdfast_connections",
    kind: "gauge",
    help: "Open connections.",
  },
  connectionsOpened: {
    name: "holdfast_connections_opened_total",
    kind: "counter",
    help: "Connections taken, by codec (json, msgpack) and kind of handshake (negotiated, plain).",
    labels: ["codec", "handshake"],
  },
  connectionsClosed: {
    name: "holdfast_connections_closed_total",
    kind: "counter",
    help: "Connections gone, by the name of the close code; other: any code of the peer's own.",
    labels: ["reason"],
  },
  handshakesRefused: {
    name: "holdfast_handshakes_refused_total",
    kind: "counter",
    help: "Upgrade requests refused, by HTTP status.",
    labels: ["status"],
  },
  subscriptions: {
    name: "holdfast_subscriptions",
    kind: "gauge",
    help: "Subscriptions held by open connections.",
  },
  subscribes: {
    name: "holdfast_subscribes_total",
    kind: "counter",
    help: "Subscriptions begun, by outcome (fresh, resumed, reset).",
    labels: ["outcome"],
  },
  resets: {
    name: "holdfast_resets_total",
    kind: "counter",
    help: "Resets announced to subscribers, by reason.",
    labels: ["reason"],
  },
  publishes: {
    name: "holdfast_publishes_total",
    kind: "counter",
    help: "Publishes carried out, by source (socket, process).",
    labels: ["source"],
  },
  deliveries: {
    name: "holdfast_deliveries_total",
    kind: "counter",
    help: "Publications handed to live subscribers, each counted once per subscriber.",
  },
  refilled: {
    name: "holdfast_refilled_publications_total",
    kind: "counter",
    help: "Publications the engine's relay lost, found missing and read from history.",
  },
  stateBytes: {
    name: "holdfast_states_bytes",
    kind: "gauge",
    help: "States of channels kept in the process, as JSON text, in bytes.",
  },
  stateLoads: {
    name: "holdfast_state_loads_total",
    kind: "counter",
    help: "States of channels read from the engine or asked of their handler, each for everybody who waited.",
  },
  snapshots: {
    name: "holdfast_snapshots_total",
    kind: "counter",
    help: "Snapshots of folded states handed to the engine, by outcome (stored, overtaken, failed).",
    labels: ["outcome"],
  },
  messagesReceived: {
    name: "holdfast_messages_received_total",
    kind: "counter",
    help: "WebSocket messages received.",
  },
  bytesReceived: {
    name: "holdfast_received_bytes_total",
    kind: "counter",
    help: "Payload bytes of WebSocket messages received.",
  },
  messagesSent: {
    name: "holdfast_messages_sent_total",
    kind: "counter",
    help: "WebSocket messages handed to sockets.",
  },
  bytesSent: {
    name: "holdfast_sent_bytes_total",
    kind: "counter",
    help: "Bytes of WebSocket messages handed to sockets, frame headers included.",
  },
  errors: {
    name: "holdfast_errors_total",
    kind: "counter",
    help: "Error replies, by error code.",
    labels: ["code"],
  },
  httpRequests: {
    name: "holdfast_http_requests_total",
    kind: "counter",
    help: "HTTP requests answered, by route and status.",
    labels: ["route", "status"],
  },
} as const satisfies Record<string, MetricDeclaration>;

import type { Counter, Meter } from "@holdfast/core";
import { metrics } from "../metrics.js";

/** What is counted of the WebSocket traffic; shared by all connections. */
export interface Traffic {
  readonly messagesReceived: Counter;
  readonly bytesReceived: Counter;
  readonly messagesSent: Counter;
  readonly bytesSent: Counter;
}

/** The instruments of a gateway's traffic. */
export function trafficOf(meter: Meter): Traffic {
  return {
    messagesReceived: meter.counter(metrics.messagesReceived),
    bytesReceived: meter.counter(metrics.bytesReceived),
    messagesSent: meter.counter(metrics.messagesSent),
    bytesSent: meter.counter(metrics.bytesSent),
  };
}

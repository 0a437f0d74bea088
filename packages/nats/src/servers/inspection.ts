import { EngineError } from "@holdfast/broker";
import type { ServerInfo } from "@nats-io/transport-node";

const minMajor = 2;
const minMinor = 9;
/** The parts of what is too large for one message must fit. */
const minPayloadBytes = 524_288;

/** Throws an EngineError where a server cannot do what this engine needs; it says what to change. */
export function judgeServer(info: ServerInfo): void {
  const { version, max_payload: maxPayload } = info;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < minMajor || (major === minMajor && minor < minMinor)) {
    throw new EngineError(
      `The NATS engine: the server is of version ${version}, and following a channel by what a stream republishes, ` +
        `which every channel rule needs, works from 2.9 on. Use a newer server, of 2.10 or later if you can.`,
    );
  }
  if (info.jetstream !== true) {
    throw new EngineError(
      "The NATS engine: JetStream is not enabled, and every channel rule with history, presence, leases and logs needs it. " +
        "Start the server with -js, or give its configuration a jetstream block.",
    );
  }
  if (maxPayload < minPayloadBytes) {
    throw new EngineError(
      `The NATS engine: the server's max_payload is ${maxPayload} bytes, and snapshots of channel rules with state are stored in larger parts. ` +
        `Set max_payload to at least ${minPayloadBytes}.`,
    );
  }
}

import type { Socket } from "node:net";
import { deserialize, serialize } from "node:v8";
import type { IncomingCall, ServeOptions } from "../../contract/calls.js";
import type { BrokerCapabilities } from "../../contract/capabilities.js";
import type { BrokerLink, BrokerListener } from "../../contract.js";
import type { Entrant } from "../../engine/presence/registry.js";
import type { OperationName } from "../faulty/link.js";

/** Registers a member again after a missed lease, unless another gateway has entered it since. */
type Reclaim = {
  readonly op: "reclaim";
  readonly args: readonly [channel: string, entrant: Entrant];
};

/** Operations whose arguments can travel as they are. */
type Plain = Exclude<OperationName, "serve">;

/** Serves under a number of the gateway's own; calls come to it by that. */
type Serve = {
  readonly op: "serve";
  readonly args: readonly [
    service: number,
    subject: string,
    group: string,
    options: ServeOptions | undefined,
  ];
};

/** Calls under a number of the gateway's own, by which it can give the call up. */
type Call = {
  readonly op: "call";
  readonly args: readonly [call: number, subject: string, payload: Uint8Array, timeoutMs: number];
};

/** An operation that is the link's own. */
export type PlainOperation = {
  [Op in Plain]: { readonly op: Op; readonly args: Parameters<BrokerLink[Op]> };
}[Plain];

/** An operation that is answered. */
export type Operation =
  | PlainOperation
  | Reclaim
  | Serve
  | Call
  /** Answered after everything before it has been carried out. */
  | { readonly op: "settle"; readonly args: readonly [] };

/** An operation nobody waits for. */
export type Telling =
  | {
      [Op in "unfollow" | "leave"]: { readonly op: Op; readonly args: Parameters<BrokerLink[Op]> };
    }["unfollow" | "leave"]
  | { readonly op: "stop"; readonly args: readonly [service: number] }
  | {
      readonly op: "reply";
      readonly args: readonly [call: number, reply: Uint8Array | { readonly message: string }];
    }
  | { readonly op: "giveUp"; readonly args: readonly [call: number] };

/** A call of the listener. */
export type Event = {
  [Name in keyof BrokerListener]: {
    readonly name: Name;
    readonly args: Parameters<BrokerListener[Name]>;
  };
}[keyof BrokerListener];

/** What a gateway says. */
export type Up =
  | { readonly type: "capabilities" }
  /** Begins an incarnation; `former` is the number of the one whose lease was missed. */
  | { readonly type: "hello"; readonly gateway: string; readonly former?: number }
  | ({ readonly type: "ask"; readonly id: number } & Operation)
  | ({ readonly type: "tell" } & Telling)
  | { readonly type: "beat" }
  | { readonly type: "bye" };

/** What the engine's process says. */
export type Down =
  | { readonly type: "capabilities"; readonly capabilities: BrokerCapabilities }
  | { readonly type: "welcome"; readonly incarnation: number; readonly leaseMs: number }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | ({ readonly type: "event" } & Event)
  /** A call for one of the gateway's services; it replies by the call's number. */
  | ({ readonly type: "call"; readonly call: number; readonly service: number } & Omit<
      IncomingCall,
      "signal"
    >)
  /** Nobody waits for the call any more. */
  | { readonly type: "cancel"; readonly call: number }
  | { readonly type: "bye" };

const lengthBytes = 4;
/** Larger than any page, state or publication the engine takes. */
const maxFrameBytes = 64 * 1024 * 1024;

/** Sends one message: its length in four bytes, then its structured clone. */
export function sendFrame(socket: Socket, message: Up | Down): void {
  if (!socket.writable) return;
  const body = serialize(message);
  const head = Buffer.allocUnsafe(lengthBytes);
  head.writeUInt32BE(body.byteLength);
  socket.cork();
  socket.write(head);
  socket.write(body);
  socket.uncork();
}

/** Hands on each whole message; what is not one ends the socket. */
export function receiveFrames<Message extends Up | Down>(
  socket: Socket,
  take: (message: Message) => void,
): void {
  let kept = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    let rest = kept.byteLength === 0 ? chunk : Buffer.concat([kept, chunk]);
    while (rest.byteLength >= lengthBytes) {
      const end = lengthBytes + rest.readUInt32BE(0);
      if (end > maxFrameBytes) {
        socket.destroy();
        return;
      }
      if (rest.byteLength < end) break;
      const body = rest.subarray(lengthBytes, end);
      rest = rest.subarray(end);
      take(deserialize(body));
      if (socket.destroyed) return;
    }
    kept = Buffer.from(rest);
  });
}

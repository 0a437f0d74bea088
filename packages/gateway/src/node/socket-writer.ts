import { type Fanout, SharedBytes } from "@holdfast/fanout";
import type { FrameList } from "../frame-list.js";
import { type Frame, type FrameWriter, oneByOne, type Transport } from "../transport.js";
import { sharedBytes } from "./framing.js";
import type { Traffic } from "./traffic.js";
import { WsTransport } from "./ws-transport.js";

const noBytes = new SharedBytes([]);

/** Writes lists of frames to sockets through the fan-out: joined once per list, one crossing for many sockets. */
export class SocketWriter implements FrameWriter {
  readonly #fanout: Fanout;
  readonly #traffic: Traffic;
  /** Slots of sockets; what else there is writes by itself. */
  readonly #isSocket: boolean[] = [];
  /** Slots that take compressed messages, and what makes them. */
  readonly #deflated: (((frame: Frame) => Uint8Array) | undefined)[] = [];
  readonly #others: FrameWriter = oneByOne();
  /** The list written last; whoever waits for the same comes next, most often. */
  #list: FrameList | undefined;
  #bytes = noBytes;
  #messages = 0;
  #size = 0;

  constructor(fanout: Fanout, traffic: Traffic) {
    this.#fanout = fanout;
    this.#traffic = traffic;
  }

  attach(slot: number, transport: Transport): void {
    const isSocket = transport instanceof WsTransport;
    this.#isSocket[slot] = isSocket;
    this.#deflated[slot] = isSocket ? transport.deflated : undefined;
    if (isSocket) this.#fanout.attach(slot, transport.target);
    else this.#others.attach(slot, transport);
  }

  detach(slot: number): void {
    this.#deflated[slot] = undefined;
    if (this.#isSocket[slot] === true) this.#fanout.detach(slot);
    else this.#others.detach(slot);
  }

  add(slot: number, list: FrameList): void {
    if (this.#isSocket[slot] !== true) {
      this.#others.add(slot, list);
      return;
    }
    const deflated = this.#deflated[slot];
    const bytes = deflated === undefined ? this.#plain(list) : joinedDeflated(list, deflated);
    this.#messages += list.count;
    this.#size += bytes.size;
    this.#fanout.add(slot, bytes);
  }

  #plain(list: FrameList): SharedBytes {
    if (list !== this.#list) {
      this.#list = list;
      this.#bytes = joined(list);
    }
    return this.#bytes;
  }

  flush(): number {
    const incomplete = this.#fanout.flush() + this.#others.flush();
    this.#list = undefined;
    this.#bytes = noBytes;
    this.#traffic.messagesSent.add(this.#messages);
    this.#traffic.bytesSent.add(this.#size);
    this.#messages = 0;
    this.#size = 0;
    return incomplete;
  }
}

/** All connections of a gateway compress alike, so that one buffer serves whoever compresses. */
function joinedDeflated(list: FrameList, deflated: (frame: Frame) => Uint8Array): SharedBytes {
  if (list.joinedDeflated instanceof SharedBytes) return list.joinedDeflated;
  const bytes = sharedBytes(list.frames(), deflated);
  list.joinedDeflated = bytes;
  return bytes;
}

function joined(list: FrameList): SharedBytes {
  if (list.joined instanceof SharedBytes) return list.joined;
  const bytes = sharedBytes(list.frames());
  list.joined = bytes;
  return bytes;
}

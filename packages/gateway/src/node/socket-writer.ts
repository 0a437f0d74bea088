import { type Fanout, SharedBytes, type Target } from "@holdfast/fanout";
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
  readonly #targets: (Target | undefined)[] = [];
  /** Slots that take compressed messages, and what makes them. */
  readonly #deflated: (((frame: Frame) => Uint8Array) | undefined)[] = [];
  /** Those that are no sockets, and write by themselves. */
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
    if (transport instanceof WsTransport) {
      this.#targets[slot] = transport.target;
      this.#deflated[slot] = transport.deflated;
    } else {
      this.#targets[slot] = undefined;
      this.#others.attach(slot, transport);
    }
  }

  detach(slot: number): void {
    this.#targets[slot] = undefined;
    this.#deflated[slot] = undefined;
    this.#others.detach(slot);
  }

  add(slot: number, list: FrameList): void {
    const target = this.#targets[slot];
    if (target === undefined) {
      this.#others.add(slot, list);
      return;
    }
    const deflated = this.#deflated[slot];
    const bytes = deflated === undefined ? this.#plain(list) : joinedDeflated(list, deflated);
    this.#messages += list.count;
    this.#size += bytes.size;
    this.#fanout.add(target, bytes);
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

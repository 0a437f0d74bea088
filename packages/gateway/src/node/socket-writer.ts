import { type Fanout, SharedBytes } from "@holdfast/fanout";
import type { FrameList } from "../frame-list.js";
import { type Frame, type FrameWriter, oneByOne, type Transport } from "../transport.js";
import { sharedBytes } from "./framing.js";
import type { Traffic } from "./traffic.js";
import { WsTransport } from "./ws-transport.js";

const noBytes = new SharedBytes([]);

/** A small start. */
const MIN_SLOTS = 64;

// How a transport is written to.
/** By itself: it is no socket. */
const OTHER = 0;
const PLAIN = 1;
/** With compressed messages. */
const DEFLATING = 2;

/** Writes lists of frames to sockets through the fan-out: joined once per list, one crossing for many sockets. */
export class SocketWriter implements FrameWriter {
  readonly #fanout: Fanout;
  readonly #traffic: Traffic;
  /** By slot, how its transport is written to. */
  #kinds = new Uint8Array(MIN_SLOTS);
  /** What makes compressed messages. */
  #deflate: ((frame: Frame) => Uint8Array) | undefined;
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
    if (slot >= this.#kinds.length) {
      const kinds = new Uint8Array(2 * slot);
      kinds.set(this.#kinds);
      this.#kinds = kinds;
    }
    if (transport instanceof WsTransport) {
      this.#deflate ??= transport.deflated;
      this.#kinds[slot] = transport.deflated === undefined ? PLAIN : DEFLATING;
      this.#fanout.attach(slot, transport.target);
    } else {
      this.#kinds[slot] = OTHER;
      this.#others.attach(slot, transport);
    }
  }

  detach(slot: number): void {
    if (this.#kinds[slot] === OTHER) this.#others.detach(slot);
    else this.#fanout.detach(slot);
    this.#kinds[slot] = OTHER;
  }

  add(slots: Int32Array, from: number, to: number, list: FrameList): void {
    const kinds = this.#kinds;
    for (let at = from; at < to; ) {
      const kind = kinds[slots[at] ?? 0] ?? OTHER;
      let end = at + 1;
      while (end < to && kinds[slots[end] ?? 0] === kind) end++;
      this.#addAlike(kind, slots, at, end, list);
      at = end;
    }
  }

  #addAlike(kind: number, slots: Int32Array, from: number, to: number, list: FrameList): void {
    if (kind === OTHER) {
      this.#others.add(slots, from, to, list);
      return;
    }
    const bytes =
      kind === DEFLATING && this.#deflate !== undefined
        ? joinedDeflated(list, this.#deflate)
        : this.#plain(list);
    this.#messages += list.count * (to - from);
    this.#size += bytes.size * (to - from);
    this.#fanout.addAll(slots, from, to, bytes);
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

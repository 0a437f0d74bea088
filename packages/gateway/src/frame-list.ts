import type { Frame } from "./transport.js";

/**
 * Frames that wait for a connection, in order, as a list that is never changed: adding a frame gives
 * another list. Connections to which the same frames are added in the same order hold the very same
 * list, so that what has to be done for a list (joining its frames into one buffer) is done once,
 * however many wait for it. Adding to the same list again costs a comparison and allocates nothing.
 */
export class FrameList {
  /** Number of frames. */
  readonly count: number;
  /** Size of their payloads together, in bytes. */
  readonly bytes: number;
  /** What the scheduler knows the list by while it is pending; its own book-keeping. */
  number = 0;
  /** What a platform's writer has made of this list, for all who wait for it. */
  joined: object | undefined = undefined;
  /** The same for those who take compressed messages. */
  joinedDeflated: object | undefined = undefined;
  readonly #before: FrameList | undefined;
  readonly #frame: Frame | undefined;
  /** The list made last by adding a frame to this one; a channel adds to all its subscribers in a row. */
  #nextFrame: Frame | undefined = undefined;
  #next: FrameList | undefined = undefined;

  /** An empty list; longer ones are made by `with`. */
  constructor(before?: FrameList, frame?: Frame) {
    this.#before = before;
    this.#frame = frame;
    this.count = before === undefined || frame === undefined ? 0 : before.count + 1;
    this.bytes = before === undefined || frame === undefined ? 0 : before.bytes + frame.size;
  }

  /** This list and one frame more. */
  with(frame: Frame): FrameList {
    if (this.#nextFrame === frame && this.#next !== undefined) return this.#next;
    const next = new FrameList(this, frame);
    this.#nextFrame = frame;
    this.#next = next;
    return next;
  }

  /** Forgets the list made last, so that nothing keeps its frames but who waits for them. */
  forgetNext(): void {
    this.#nextFrame = undefined;
    this.#next = undefined;
  }

  /** The frames in order. */
  frames(): Frame[] {
    const frames = new Array<Frame>(this.count);
    let at = this.count;
    for (let list: FrameList | undefined = this; list !== undefined; list = list.#before) {
      if (list.#frame !== undefined) frames[--at] = list.#frame;
    }
    return frames;
  }
}

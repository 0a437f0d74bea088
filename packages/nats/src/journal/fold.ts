import { blobLength } from "./blobs.js";
import type { Step } from "./envelope.js";
import type { JournalType } from "./type.js";

/** How many times as long as a checkpoint what follows it is before the next. */
const minStretch = 2;
/** However much the state takes, a checkpoint follows the last one after so many times as many messages. */
const maxStretch = 16;

/** What is known of a subject: its messages up to one, folded. */
export class Fold<State, Op> {
  readonly #type: JournalType<State, Op>;
  #state: State | undefined;
  #seq = 0;
  #name = "";
  #generation = "";
  #base = 0;
  #keep = 0;
  #blob: string | undefined;
  #count = 0;
  #checkpointLength = 0;
  #lengthSince = 0;

  constructor(type: JournalType<State, Op>) {
    this.#type = type;
  }

  get state(): State | undefined {
    return this.#state;
  }

  /** Sequence of the subject's last message, as far as is known; 0: none. */
  get seq(): number {
    return this.#seq;
  }

  /** Name of the last message that counted. */
  get name(): string {
    return this.#name;
  }

  /** Generation of the stream that it was written in. */
  get generation(): string {
    return this.#generation;
  }

  /** Sequence of the last checkpoint. */
  get base(): number {
    return this.#base;
  }

  /** Oldest sequence that is needed to know the whole state; 0: the checkpoint's. */
  get keep(): number {
    return this.#keep;
  }

  /** Where the last checkpoint's state lies, if that is outside of it. */
  get blob(): string | undefined {
    return this.#blob;
  }

  /**
   * Whether the next message has to carry a checkpoint: after so many, once they are twice as long as
   * the last one was. So what is written for checkpoints is little beside what they stand for.
   */
  needsCheckpoint(count: number): boolean {
    if (this.#state === undefined || this.#count >= count * maxStretch) return true;
    return this.#count >= count && this.#lengthSince >= this.#checkpointLength * minStretch;
  }

  /** Carries out a message that was stored on the last known one. */
  apply({ seq, envelope, length }: Step): void {
    const { i, p, g, b, k, o, s, e } = envelope;
    this.#seq = seq;
    // It was decided on something that is not there: a late one, from before a loss.
    if (p !== this.#name) return;
    if (e === 1) {
      this.forget(seq);
      return;
    }
    this.#name = i;
    this.#generation = g;
    this.#count += 1;
    this.#lengthSince += length;
    if (s !== undefined) {
      this.#base = seq;
      this.#count = 0;
      this.#lengthSince = 0;
      this.#blob = "blob" in s ? s.blob : undefined;
      this.#checkpointLength = this.#blob === undefined ? length : blobLength(this.#blob);
    } else this.#base = b;
    this.#keep = k;
    this.#state ??= this.#type.empty();
    for (const op of o) this.#type.apply(this.#state, op as Op, seq);
  }

  /** Knows a state, as it was before a message that is about to be carried out. */
  begin(state: State, { envelope }: Step): void {
    this.forget();
    this.#state = state;
    this.#seq = envelope.l;
    this.#name = envelope.p;
  }

  /** Knows nothing any more, but perhaps that there is a message of which nothing can be made. */
  forget(seq = 0): void {
    this.#state = undefined;
    this.#seq = seq;
    this.#name = "";
    this.#generation = "";
    this.#base = 0;
    this.#keep = 0;
    this.#blob = undefined;
    this.#count = 0;
    this.#checkpointLength = 0;
    this.#lengthSince = 0;
  }
}

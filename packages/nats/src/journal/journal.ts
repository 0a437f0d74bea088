import { StoreError } from "../servers/errors.js";
import type { Envelope, Step } from "./envelope.js";
import { Fold } from "./fold.js";
import { Reading } from "./reading.js";
import type { Decided, Decision, JournalParts, JournalType } from "./type.js";

export type { Decision, JournalType } from "./type.js";

const stepNameLength = 10;
/** A checkpoint larger than this goes into messages of its own. */
const maxInlineBytes = 131_072;
/** Rounds lost to others before a writer gives up. */
const maxRounds = 100;

/**
 * A state that is folded from the messages of one subject. Each message names the one it was
 * decided on and is stored only while that is the subject's last: of all who decide on the same
 * state one succeeds, and the others read it and decide again. Every few messages one carries the
 * whole state, and what it replaces is let go.
 */
export class Journal<State, Op> {
  readonly #parts: JournalParts;
  readonly #type: JournalType<State, Op>;
  readonly #fold: Fold<State, Op>;
  readonly #reading: Reading<State, Op>;
  #turn: Promise<unknown> = Promise.resolve();
  /** Askers at work: it must not be forgotten meanwhile. */
  busy = 0;

  constructor(type: JournalType<State, Op>, parts: JournalParts) {
    this.#type = type;
    this.#parts = parts;
    this.#fold = new Fold(type);
    this.#reading = new Reading(type, parts, this.#fold);
  }

  /** About how many bytes the folded state takes. */
  get weight(): number {
    const { state } = this.#fold;
    return state === undefined ? 0 : this.#type.weigh(state);
  }

  /** The state with everything that was acknowledged before. Rejects with a StoreError. */
  async fresh(): Promise<State> {
    await this.#reading.catchUp();
    if (this.#whole()) return this.#known();
    await this.#inTurn(() => this.#settle());
    return this.#known();
  }

  /** Decides on the newest state and stores the decision. Rejects with a StoreError. */
  transact<Result>(decide: (state: State) => Decision<Op, Result>): Promise<Result> {
    return this.#inTurn(() => this.#transact(decide));
  }

  /**
   * Lets everything of the subject go, if it may on the newest state; whether it did. Who has decided
   * on that state meanwhile was first, or finds that it has ended and begins anew: what is stored after
   * the end stands on nothing before it. Rejects with a StoreError.
   */
  end(mayGo: (state: State) => boolean): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#reading.catchUp();
      const { state, seq, blob } = this.#fold;
      if (seq === 0 || (state !== undefined && !mayGo(state))) return false;
      const ended = state === undefined ? seq : await this.#putEnd();
      if (ended === "conflict") return false;
      this.#letGo(ended + 1, blob);
      return true;
    });
  }

  /**
   * Whether nothing names something that was stored for it, by the id of its parts; nothing that was
   * decided before then can name it any more, for another step was stored. Rejects with a StoreError.
   */
  disown(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#reading.catchUp();
      for (let round = 0; round < maxRounds; round += 1) {
        if (this.#fold.seq === 0) return true;
        if (!this.#whole()) await this.#settle();
        const state = this.#known();
        const named = [...(this.#type.blobs?.(state) ?? []), this.#fold.blob];
        if (named.some((name) => name?.startsWith(`${id}.`))) return false;
        if (await this.#store({ ops: [], head: this.#type.head?.(state) })) return true;
        await this.#reading.catchUp();
      }
      throw new StoreError("contended", "others were always faster");
    });
  }

  /** A message of the subject, told by the relay as soon as it was stored. */
  heard(step: Step): void {
    const fold = this.#fold;
    if (fold.state === undefined || step.envelope.g !== this.#parts.store.generation) return;
    if (step.envelope.l === fold.seq && step.seq > fold.seq) fold.apply(step);
  }

  /** Knows nothing any more: what it knew may have been lost there. */
  forget(): void {
    this.#fold.forget();
  }

  async #transact<Result>(decide: (state: State) => Decision<Op, Result>): Promise<Result> {
    let verified = false;
    for (let round = 0; round < maxRounds; round += 1) {
      if (!this.#whole()) {
        await this.#settle();
        verified = true;
      }
      const { sure, result, ...decided } = decide(this.#known());
      if (decided.ops.length === 0) {
        if (sure || verified) return result;
        await this.#reading.catchUp();
        verified = true;
        continue;
      }
      // Stored, it was decided on the newest state there was.
      if (await this.#store(decided)) return result;
      await this.#reading.catchUp();
      verified = true;
    }
    throw new StoreError("contended", "others were always faster");
  }

  /** Whether the state is known and of the stream's present generation. */
  #whole(): boolean {
    return this.#fold.state !== undefined && this.#fold.generation === this.#parts.store.generation;
  }

  #known(): State {
    const { state } = this.#fold;
    if (state === undefined) throw new StoreError("contended", "what was read is gone again");
    return state;
  }

  async #settle(): Promise<void> {
    for (let round = 0; round < maxRounds; round += 1) {
      await this.#reading.catchUp();
      if (this.#whole()) return;
      // Nothing there, or of another generation: the stream may be another one by now.
      await this.#parts.store.renew();
      if (this.#whole()) return;
      if (await this.#store(this.#type.begin(this.#fold.state))) return;
    }
    throw new StoreError("contended", "others were always faster");
  }

  /** Stores a decision on the present state; false: it is no longer the newest. */
  async #store({ ops, head }: Decided<Op>): Promise<boolean> {
    const checkpoint = await this.#checkpoint();
    const { name, seq: expected, base, keep, blob: before } = this.#fold;
    const envelope: Envelope = {
      ...this.#begun(name, expected),
      b: checkpoint === undefined ? base : 0,
      k: checkpoint?.keep ?? keep,
      o: ops,
      ...(head !== undefined && { h: head }),
    };
    const text = withCheckpoint(JSON.stringify(envelope), checkpoint?.text);
    const seq = await this.#put(text, expected);
    if (seq === "conflict") {
      // It was stored for nothing.
      if (checkpoint?.blob !== undefined) this.#drop(checkpoint.blob);
      return false;
    }
    const { length } = text;
    // The relay may have told of it before the acknowledgement came.
    if (this.#fold.seq === expected) {
      const s = checkpoint?.saved;
      this.#fold.apply({ seq, envelope: s === undefined ? envelope : { ...envelope, s }, length });
    }
    if (checkpoint !== undefined) this.#letGo(checkpoint.keep || seq, before);
    return true;
  }

  /** An envelope that follows on a message, with nothing in it yet. */
  #begun(name: string, seq: number): Envelope {
    const { store, random, nowMs } = this.#parts;
    const written = { g: store.generation, i: random.id(stepNameLength), t: nowMs() };
    return { ...written, p: name, l: seq, b: 0, k: 0, o: [] };
  }

  async #put(text: string, expected: number): Promise<number | "conflict"> {
    const { store, subject } = this.#parts;
    try {
      return await store.put(subject, text, { expected });
    } catch (error) {
      // What became of it only the store knows.
      if (error instanceof StoreError && error.kind === "unknown") this.forget();
      throw error;
    }
  }

  async #putEnd(): Promise<number | "conflict"> {
    const { name, seq: expected } = this.#fold;
    const ended: Envelope = { ...this.#begun(name, expected), e: 1 };
    const seq = await this.#put(JSON.stringify(ended), expected);
    this.#fold.forget(seq === "conflict" ? expected : seq);
    return seq;
  }

  async #checkpoint() {
    if (!this.#fold.needsCheckpoint(this.#parts.checkpointCount)) return undefined;
    const { state = this.#type.empty() } = this.#fold;
    const keep = this.#type.keep(state);
    const here = this.#type.save(state);
    const text = JSON.stringify(here);
    if (text.length <= maxInlineBytes) {
      return { keep, blob: undefined, saved: { here }, text: `{"here":${text}}` };
    }
    const { blobs, store, subject } = this.#parts;
    const saved = { blob: await blobs.put(store, subject, text) };
    return { keep, blob: saved.blob, saved, text: JSON.stringify(saved) };
  }

  #letGo(before: number, blob: string | undefined): void {
    const { store, subject } = this.#parts;
    store.purge(subject, { before }).catch((error: unknown) => {
      // The next checkpoint takes it along.
      if (!(error instanceof StoreError)) throw error;
    });
    if (blob !== undefined) this.#drop(blob);
  }

  #drop(blob: string): void {
    const { store, subject, blobs } = this.#parts;
    blobs.drop(store, subject, blob);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.busy += 1;
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.busy -= 1;
    }
  }
}

/** An envelope's text with a checkpoint that is a text already: it may be most of it. */
function withCheckpoint(envelope: string, checkpoint: string | undefined): string {
  return checkpoint === undefined ? envelope : `${envelope.slice(0, -1)},"s":${checkpoint}}`;
}

import type { Random } from "@holdfast/core";
import type { Stored } from "../servers/api.js";
import { StoreError } from "../servers/errors.js";
import type { StreamStore } from "../servers/store.js";
import type { Blobs } from "./blobs.js";
import { type Envelope, type Step, stepOf } from "./envelope.js";

/** What a journal is the history of. */
export interface JournalType<State, Op> {
  /** The state before the first operation. */
  empty(): State;
  /** Carries an operation out that was decided in the message at `seq`. */
  apply(state: State, op: Op, seq: number): void;
  /** The state as JSON, without what lies in messages from `keep` on. */
  save(state: State): unknown;
  /** The state again; `steps` are the messages from `keep` to before it was saved. */
  restore(saved: unknown, steps: readonly Step[]): State;
  /** Oldest message whose content the state does not carry; 0: none. */
  keep(state: State): number;
  /** What makes it whole again: where there is none yet, or where something may have been lost. */
  begin(state: State | undefined): Decided<Op>;
  /** About how many bytes it takes. */
  weigh(state: State): number;
}

/** What one step is to do. */
export interface Decided<Op> {
  readonly ops: readonly Op[];
  /** What can be known of the state afterwards without folding it. */
  readonly head?: unknown;
}

/** A decision on a state: what to do, and what its asker is told once that is stored. */
export interface Decision<Op, Result> extends Decided<Op> {
  readonly result: Result;
  /** With nothing to store. false: on a newer state it might be otherwise; it is taken again on the newest. */
  readonly sure: boolean;
}

/** What journals are made of. */
export interface JournalParts {
  readonly store: StreamStore;
  readonly subject: string;
  readonly random: Random;
  readonly blobs: Blobs;
  /** Messages after which the next carries a checkpoint. */
  readonly checkpointCount: number;
}

const stepNameLength = 10;
/** A checkpoint larger than this goes into messages of its own. */
const maxInlineBytes = 131_072;
/** Rounds lost to others before a writer gives up. */
const maxRounds = 100;
/** Messages read one by one, backwards, before a consumer is made for them. */
const maxStepsBack = 6;
const maxLoads = 4;

/**
 * A state that is folded from the messages of one subject. Each message names the one it was
 * decided on and is stored only while that is the subject's last: of all who decide on the same
 * state one succeeds, and the others read it and decide again. Every few messages one carries the
 * whole state, and what it replaces is let go.
 */
export class Journal<State, Op> {
  readonly #parts: JournalParts;
  readonly #type: JournalType<State, Op>;
  #state: State | undefined;
  /** Sequence of the subject's last message, as far as is known; 0: none. */
  #seq = 0;
  /** Name of the last message that counted. */
  #name = "";
  #generation = "";
  #base = 0;
  #keep = 0;
  #blob: string | undefined;
  #count = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #reading: Promise<void> | undefined;
  #nextReading: Promise<void> | undefined;
  /** Askers at work: it must not be forgotten meanwhile. */
  busy = 0;

  constructor(type: JournalType<State, Op>, parts: JournalParts) {
    this.#type = type;
    this.#parts = parts;
  }

  /** About how many bytes the folded state takes. */
  get weight(): number {
    return this.#state === undefined ? 0 : this.#type.weigh(this.#state);
  }

  /** The state with everything that was acknowledged before. Rejects with a StoreError. */
  async fresh(): Promise<State> {
    await this.#read();
    if (this.#whole()) return this.#known();
    await this.#inTurn(() => this.#settle());
    return this.#known();
  }

  /** Decides on the newest state and stores the decision. Rejects with a StoreError. */
  transact<Result>(decide: (state: State) => Decision<Op, Result>): Promise<Result> {
    return this.#inTurn(() => this.#transact(decide));
  }

  /** A message of the subject, told by the relay as soon as it was stored. */
  heard(step: Step): void {
    if (this.#state === undefined || step.envelope.g !== this.#parts.store.generation) return;
    if (step.envelope.l === this.#seq && step.seq > this.#seq) this.#apply(step);
  }

  /** Knows nothing any more: what it knew may have been lost there. */
  forget(): void {
    this.#state = undefined;
    this.#seq = 0;
    this.#name = "";
    this.#generation = "";
    this.#base = 0;
    this.#keep = 0;
    this.#blob = undefined;
    this.#count = 0;
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
        await this.#read();
        verified = true;
        continue;
      }
      // Stored, it was decided on the newest state there was.
      if (await this.#store(decided)) return result;
      await this.#read();
      verified = true;
    }
    throw new StoreError("contended", "others were always faster");
  }

  /** Whether the state is known and of the stream's present generation. */
  #whole(): boolean {
    return this.#state !== undefined && this.#generation === this.#parts.store.generation;
  }

  #known(): State {
    if (this.#state === undefined) throw new StoreError("contended", "what was read is gone again");
    return this.#state;
  }

  async #settle(): Promise<void> {
    for (let round = 0; round < maxRounds; round += 1) {
      await this.#read();
      if (this.#whole()) return;
      // Nothing there, or of another generation: the stream may be another one by now.
      await this.#parts.store.renew();
      if (this.#whole()) return;
      if (await this.#store(this.#type.begin(this.#state))) return;
    }
    throw new StoreError("contended", "others were always faster");
  }

  /** Stores a decision on the present state; false: it is no longer the newest. */
  async #store({ ops, head }: Decided<Op>): Promise<boolean> {
    const { store, subject, random } = this.#parts;
    const checkpoint = await this.#checkpoint();
    const envelope: Envelope = {
      g: store.generation,
      i: random.id(stepNameLength),
      p: this.#name,
      l: this.#seq,
      b: checkpoint === undefined ? this.#base : 0,
      k: checkpoint?.keep ?? this.#keep,
      o: ops,
      ...(checkpoint !== undefined && { s: checkpoint.saved }),
      ...(head !== undefined && { h: head }),
    };
    const expected = this.#seq;
    let seq: number | "conflict";
    try {
      seq = await store.put(subject, JSON.stringify(envelope), { expected });
    } catch (error) {
      // What became of it only the store knows.
      if (error instanceof StoreError && error.kind === "unknown") this.forget();
      throw error;
    }
    if (seq === "conflict") return false;
    const before = { blob: this.#blob, keep: this.#keep, base: this.#base };
    // The relay may have told of it before the acknowledgement came.
    if (this.#seq === expected) this.#apply({ seq, envelope });
    if (checkpoint !== undefined) this.#letGo(checkpoint.keep || seq, before.blob);
    return true;
  }

  async #checkpoint() {
    const first = this.#state === undefined;
    if (!first && this.#count < this.#parts.checkpointCount) return undefined;
    const state = this.#state ?? this.#type.empty();
    const keep = this.#type.keep(state);
    const here = this.#type.save(state);
    const text = JSON.stringify(here);
    if (text.length <= maxInlineBytes) return { keep, saved: { here } };
    const blob = await this.#parts.blobs.put(this.#parts.store, Buffer.from(text));
    return { keep, saved: { blob } };
  }

  #letGo(before: number, blob: string | undefined): void {
    const { store, subject, blobs } = this.#parts;
    store.purge(subject, { before }).catch((error: unknown) => {
      // The next checkpoint takes it along.
      if (!(error instanceof StoreError)) throw error;
    });
    if (blob !== undefined) blobs.drop(store, blob);
  }

  /** Carries out a message that follows on the known ones. */
  #apply({ seq, envelope }: Step): void {
    const { i, p, g, b, k, o, s } = envelope;
    this.#seq = seq;
    // It was decided on something that is not there: a late one, from before a loss.
    if (p !== this.#name) return;
    this.#name = i;
    this.#generation = g;
    this.#count += 1;
    if (s !== undefined) {
      this.#base = seq;
      this.#count = 0;
      this.#blob = "blob" in s ? s.blob : undefined;
    } else this.#base = b;
    this.#keep = k;
    this.#state ??= this.#type.empty();
    for (const op of o) this.#type.apply(this.#state, op as Op, seq);
  }

  /** Reads what is new; shared by all who ask before it has begun. */
  #read(): Promise<void> {
    if (this.#nextReading !== undefined) return this.#nextReading;
    const before = this.#reading ?? Promise.resolve();
    const reading = before
      .catch(() => {})
      .then(() => {
        this.#reading = reading;
        this.#nextReading = undefined;
        return this.#catchUp();
      });
    this.#nextReading = reading;
    return reading;
  }

  async #catchUp(): Promise<void> {
    const { store, subject } = this.#parts;
    const known = this.#seq;
    const last = await store.last(subject);
    if (last === undefined || last.seq < known) {
      this.forget();
      if (last === undefined) return;
    }
    if (last.seq <= this.#seq) return;
    if (this.#state !== undefined && (await this.#follow(last))) return;
    await this.#load();
  }

  /** Reads the few messages between what is known and the last one; false: they do not follow on. */
  async #follow(last: Stored): Promise<boolean> {
    const { store, subject } = this.#parts;
    let steps = [stepOf(last)];
    for (let back = 0; (steps[0]?.envelope.l ?? 0) > this.#seq; back += 1) {
      const first = steps[0];
      if (first === undefined) return false;
      if (back === maxStepsBack) {
        steps = (await store.range(subject, this.#seq + 1, last.seq)).map(stepOf);
        break;
      }
      const earlier = await store.at(first.envelope.l);
      if (earlier === undefined || earlier.subject !== subject) return false;
      steps.unshift(stepOf(earlier));
    }
    for (const step of steps) {
      if (step.seq <= this.#seq) continue;
      if (step.envelope.l !== this.#seq) return false;
      this.#apply(step);
    }
    return true;
  }

  /** Reads everything anew. What cannot be put together is as good as nothing. */
  async #load(): Promise<void> {
    const { store, subject } = this.#parts;
    let failed = 0;
    for (let tries = 0; tries < maxLoads; tries += 1) {
      const last = await store.last(subject);
      this.forget();
      if (last === undefined) return;
      const { envelope } = stepOf(last);
      const from = envelope.k || envelope.b || last.seq;
      const steps =
        from === last.seq
          ? [stepOf(last)]
          : (await store.range(subject, from, last.seq)).map(stepOf);
      if (await this.#rebuild(steps, envelope.b || last.seq, last.seq)) return;
      // Somebody may have let go what was about to be read; twice the same is no accident.
      if (failed === last.seq) break;
      failed = last.seq;
    }
    this.forget();
    this.#seq = failed;
  }

  async #rebuild(steps: readonly Step[], base: number, last: number): Promise<boolean> {
    const at = steps.findIndex(({ seq }) => seq === base);
    const saved = steps[at]?.envelope.s;
    if (saved === undefined) return false;
    const state = await this.#savedState(saved, counted(steps.slice(0, at)));
    const first = steps[at];
    if (state === undefined || first === undefined) return false;
    this.forget();
    this.#state = state;
    this.#seq = first.envelope.l;
    this.#name = first.envelope.p;
    for (const step of steps.slice(at)) {
      if (step.envelope.l !== this.#seq) return false;
      this.#apply(step);
    }
    return this.#seq === last;
  }

  async #savedState(
    saved: NonNullable<Envelope["s"]>,
    steps: readonly Step[],
  ): Promise<State | undefined> {
    if ("here" in saved) return this.#type.restore(saved.here, steps);
    const bytes = await this.#parts.blobs.get(this.#parts.store, saved.blob);
    if (bytes === undefined) return undefined;
    return this.#type.restore(JSON.parse(Buffer.from(bytes).toString("utf8")), steps);
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

/** The messages that count, of a stretch whose first one does. */
function counted(steps: readonly Step[]): Step[] {
  const those: Step[] = [];
  for (const step of steps) {
    const before = those.at(-1);
    if (before === undefined || before.envelope.i === step.envelope.p) those.push(step);
  }
  return those;
}

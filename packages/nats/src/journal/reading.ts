import type { Stored } from "../servers/api.js";
import { type Envelope, type Step, stepOf } from "./envelope.js";
import type { Fold } from "./fold.js";
import type { JournalParts, JournalType } from "./type.js";

/** Messages read one by one, backwards, before a consumer is made for them. */
const maxStepsBack = 6;
const maxLoads = 4;

/** Keeps a fold up with its subject. */
export class Reading<State, Op> {
  readonly #type: JournalType<State, Op>;
  readonly #parts: JournalParts;
  readonly #fold: Fold<State, Op>;
  #reading: Promise<void> | undefined;
  #nextReading: Promise<void> | undefined;

  constructor(type: JournalType<State, Op>, parts: JournalParts, fold: Fold<State, Op>) {
    this.#type = type;
    this.#parts = parts;
    this.#fold = fold;
  }

  /** Reads what is new; shared by all who ask before it has begun. Rejects with a StoreError. */
  catchUp(): Promise<void> {
    if (this.#nextReading !== undefined) return this.#nextReading;
    const before = this.#reading ?? Promise.resolve();
    const reading = before
      .catch(() => {})
      .then(() => {
        this.#reading = reading;
        this.#nextReading = undefined;
        return this.#readOn();
      });
    this.#nextReading = reading;
    return reading;
  }

  async #readOn(): Promise<void> {
    const { store, subject } = this.#parts;
    const fold = this.#fold;
    const known = fold.seq;
    const last = await store.last(subject);
    if (last === undefined || last.seq < known) {
      fold.forget();
      if (last === undefined) return;
    }
    if (last.seq <= fold.seq) return;
    if (fold.state !== undefined && (await this.#follow(last))) return;
    await this.#load();
  }

  /** Reads the few messages between what is known and the last one; false: they do not follow on. */
  async #follow(last: Stored): Promise<boolean> {
    const { store, subject } = this.#parts;
    let steps = [stepOf(last)];
    for (let back = 0; (steps[0]?.envelope.l ?? 0) > this.#fold.seq; back += 1) {
      const first = steps[0];
      if (first === undefined) return false;
      if (back === maxStepsBack) {
        steps = (await store.range(subject, this.#fold.seq + 1, last.seq)).map(stepOf);
        break;
      }
      const earlier = await store.at(first.envelope.l);
      if (earlier === undefined || earlier.subject !== subject) return false;
      steps.unshift(stepOf(earlier));
    }
    for (const step of steps) {
      if (step.seq <= this.#fold.seq) continue;
      if (step.envelope.l !== this.#fold.seq) return false;
      this.#fold.apply(step);
    }
    return true;
  }

  /** Reads everything anew. What cannot be put together is as good as nothing. */
  async #load(): Promise<void> {
    const { store, subject } = this.#parts;
    let failed = 0;
    for (let tries = 0; tries < maxLoads; tries += 1) {
      const last = await store.last(subject);
      this.#fold.forget();
      if (last === undefined) return;
      let tip: Step | undefined = stepOf(last);
      for (let back = 0; tip !== undefined && back < maxStepsBack; back += 1) {
        if (await this.#loadBy(tip, last)) return;
        tip = await this.#storedOn(tip);
      }
      // Somebody may have let go what was about to be read; twice the same is no accident.
      if (failed === last.seq) break;
      failed = last.seq;
    }
    this.#fold.forget(failed);
  }

  /** Reads from where one of the newest messages says that one has to. */
  async #loadBy({ seq, envelope }: Step, last: Stored): Promise<boolean> {
    const { store, subject } = this.#parts;
    const from = envelope.k || envelope.b || seq;
    const steps =
      from === last.seq ? [stepOf(last)] : (await store.range(subject, from, last.seq)).map(stepOf);
    return await this.#rebuild(steps, envelope.b || seq, last.seq);
  }

  /** The message that a late one was stored on, which knows better; undefined: it was no late one. */
  async #storedOn({ envelope }: Step): Promise<Step | undefined> {
    const { store, subject } = this.#parts;
    const before = await store.at(envelope.l);
    if (before === undefined || before.subject !== subject) return undefined;
    const step = stepOf(before);
    return step.envelope.i === envelope.p ? undefined : step;
  }

  async #rebuild(steps: readonly Step[], base: number, last: number): Promise<boolean> {
    const at = steps.findIndex(({ seq }) => seq === base);
    const first = steps[at];
    const saved = first?.envelope.s;
    if (first === undefined || saved === undefined) return false;
    const state = await this.#savedState(saved, counted(steps.slice(0, at)));
    if (state === undefined) return false;
    const fold = this.#fold;
    fold.begin(state, first);
    for (const step of steps.slice(at)) {
      if (step.envelope.l !== fold.seq) return false;
      fold.apply(step);
    }
    return fold.seq === last;
  }

  async #savedState(
    saved: NonNullable<Envelope["s"]>,
    steps: readonly Step[],
  ): Promise<State | undefined> {
    if ("here" in saved) return this.#type.restore(saved.here, steps);
    const { blobs, store, subject } = this.#parts;
    const text = await blobs.get(store, subject, saved.blob);
    return text === undefined ? undefined : this.#type.restore(JSON.parse(text), steps);
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

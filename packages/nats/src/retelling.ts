import type { Clock, Timer } from "@holdfast/core";

/** How long a command is kept to be told again, in milliseconds: longer than servers take to elect a leader. */
const KEPT_MS = 30_000;
/** Pause before a command that has not come back is told again, in milliseconds. */
const AGAIN_MS = 500;

interface Told {
  readonly text: string;
  readonly atMs: number;
  isStored: boolean;
  /** It has come back by the relay. */
  isHeard: boolean;
}

/** What retelling is made of. */
export interface RetellingOptions {
  readonly clock: Clock;
  /** Commands kept at most. */
  readonly maxCount: number;
  /** Tells every gateway past the stream; throws where the connection is lost. */
  readonly tell: (text: string) => void;
}

/**
 * Commands that were stored, and that some gateway may not have heard: the server that took one may end before it
 * has told of it, and what is stored can then not be read either, until another server leads the stream. They are
 * told again past the stream, by whichever servers are there.
 */
export class Retelling {
  readonly #options: RetellingOptions;
  readonly #told = new Map<string, Told>();
  #timer: Timer | undefined;

  constructor(options: RetellingOptions) {
    this.#options = options;
  }

  /** A command of this gateway's is about to be stored: the relay may bring it before that is acknowledged. */
  begun(id: string, text: string): void {
    const { clock, maxCount } = this.#options;
    this.#told.set(id, { text, atMs: clock.monoMs(), isStored: false, isHeard: false });
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= maxCount) break;
      this.#told.delete(oldest);
    }
  }

  /** It has been stored. */
  stored(id: string): void {
    const told = this.#told.get(id);
    if (told === undefined) return;
    told.isStored = true;
    if (!told.isHeard) this.#lookLater();
  }

  /** It was not stored, or nobody knows: whoever gave it is told so. */
  failed(id: string): void {
    this.#told.delete(id);
  }

  /** A command has come by the relay. */
  heard(id: string): void {
    const told = this.#told.get(id);
    if (told !== undefined) told.isHeard = true;
  }

  /** Somebody was cut off and may have missed what was told. */
  tellAll(): void {
    this.#tell(() => true);
  }

  close(): void {
    this.#timer?.cancel();
    this.#told.clear();
  }

  #lookLater(): void {
    this.#timer ??= this.#options.clock.after(AGAIN_MS, () => {
      this.#timer = undefined;
      if (this.#tell(({ isHeard }) => !isHeard)) this.#lookLater();
    });
  }

  /** true: some were told. */
  #tell(isMeant: (told: Told) => boolean): boolean {
    const nowMs = this.#options.clock.monoMs();
    let count = 0;
    for (const [id, told] of this.#told) {
      if (nowMs - told.atMs >= KEPT_MS) this.#told.delete(id);
      else if (told.isStored && isMeant(told)) {
        count++;
        try {
          this.#options.tell(told.text);
        } catch {
          // The connection is lost; all is told once it is back.
        }
      }
    }
    return count > 0;
  }
}

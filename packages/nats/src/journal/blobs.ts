import type { Random } from "@holdfast/core";
import { StoreError } from "../servers/errors.js";
import type { StreamStore } from "../servers/store.js";
import type { Subjects } from "../subjects.js";

/** Length of one part: as UTF-8 within the least `max_payload` this engine works with, 512 KiB. */
const partLength = 170_000;
const idLength = 16;

/** What of a stream's store blobs need. */
export type BlobStore = Pick<StreamStore, "put" | "last" | "purge">;

/** Things too large for one message of a journal, in parts; written once, named by time and chance. */
export class Blobs {
  readonly #subjects: Subjects;
  readonly #random: Random;
  readonly #nowMs: () => number;

  constructor(subjects: Subjects, random: Random, nowMs: () => number) {
    this.#subjects = subjects;
    this.#random = random;
    this.#nowMs = nowMs;
  }

  /** Stores a text for a journal to name, and gives the name. Rejects with a StoreError. */
  async put(store: BlobStore, journal: string, text: string): Promise<string> {
    const id = `${Math.floor(this.#nowMs()).toString(36)}-${this.#random.id(idLength)}`;
    let parts = 0;
    for (let from = 0; from < text.length || parts === 0; parts += 1) {
      const to = endOfPart(text, from);
      await store.put(this.#subjects.blob(journal, id, parts), text.slice(from, to));
      from = to;
    }
    return `${id}.${parts}`;
  }

  /** The text that was stored under a name; undefined: it is gone, or a part of it is. */
  async get(store: BlobStore, journal: string, name: string): Promise<string | undefined> {
    const { id, parts } = partsOf(name);
    const found = await Promise.all(
      Array.from({ length: parts }, (_, part) =>
        store.last(this.#subjects.blob(journal, id, part)),
      ),
    );
    let text = "";
    for (const part of found) {
      if (part === undefined) return undefined;
      text += part.text;
    }
    return text;
  }

  /** Lets it go; what fails is left behind. */
  drop(store: BlobStore, journal: string, name: string): void {
    this.dropParts(store, journal, partsOf(name).id);
  }

  /** Lets all parts of an id go; what fails is left behind. */
  dropParts(store: BlobStore, journal: string, id: string): void {
    store.purge(this.#subjects.blob(journal, id, "*")).catch((error: unknown) => {
      if (!(error instanceof StoreError)) throw error;
    });
  }
}

/** What nothing has named for so long may be let go; long before that nobody names it any more. */
export const unnamedMs = 3_600_000;
const namingMs = 600_000;

/** Whether something was stored so recently that it may still be named. */
export function mayBeNamed(name: string, nowMs: number): boolean {
  return nowMs - storedMs(name) < namingMs;
}

/** When something was stored whose parts have that id, by its gateway's wall clock. */
export function storedMs(id: string): number {
  return Number.parseInt(id, 36);
}

/** About how long something is, by the name it was stored under. */
export function blobLength(name: string): number {
  return partsOf(name).parts * partLength;
}

/** Where a part ends: never between the two halves of a character. */
function endOfPart(text: string, from: number): number {
  const to = from + partLength;
  const last = text.charCodeAt(to - 1);
  return last >= 0xd800 && last < 0xdc00 ? to + 1 : to;
}

function partsOf(name: string): { readonly id: string; readonly parts: number } {
  const end = name.lastIndexOf(".");
  return { id: name.slice(0, end), parts: Number(name.slice(end + 1)) };
}

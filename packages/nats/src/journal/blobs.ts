import type { Random } from "@holdfast/core";
import { StoreError } from "../servers/errors.js";
import type { StreamStore } from "../servers/store.js";
import type { Subjects } from "../subjects.js";

/** Bytes of one part, well within the least `max_payload` this engine works with. */
const partBytes = 262_144;
const idLength = 16;

/** What of a stream's store blobs need. */
export type BlobStore = Pick<StreamStore, "stream" | "put" | "last" | "purge">;

/** Things too large for one message, in parts; written once, named by chance. */
export class Blobs {
  readonly #subjects: Subjects;
  readonly #random: Random;

  constructor(subjects: Subjects, random: Random) {
    this.#subjects = subjects;
    this.#random = random;
  }

  /** Stores it and gives its name. Rejects with a StoreError. */
  async put(store: BlobStore, bytes: Uint8Array): Promise<string> {
    const id = this.#random.id(idLength);
    const parts = Math.max(1, Math.ceil(bytes.length / partBytes));
    for (let part = 0; part < parts; part += 1) {
      const subject = this.#subjects.blob(store.stream, id, part);
      const body = bytes.subarray(part * partBytes, (part + 1) * partBytes);
      await store.put(subject, Buffer.from(body).toString("base64"));
    }
    return `${id}.${parts}`;
  }

  /** What was stored under a name; undefined: it is gone, or a part of it is. */
  async get(store: BlobStore, name: string): Promise<Uint8Array | undefined> {
    const { id, parts } = partsOf(name);
    const found = await Promise.all(
      Array.from({ length: parts }, (_, part) =>
        store.last(this.#subjects.blob(store.stream, id, part)),
      ),
    );
    const bytes: Buffer[] = [];
    for (const part of found) {
      if (part === undefined) return undefined;
      bytes.push(Buffer.from(part.text, "base64"));
    }
    return new Uint8Array(Buffer.concat(bytes));
  }

  /** Lets it go; what fails is left behind. */
  drop(store: BlobStore, name: string): void {
    const { id } = partsOf(name);
    store.purge(this.#subjects.blob(store.stream, id, "*")).catch((error: unknown) => {
      if (!(error instanceof StoreError)) throw error;
    });
  }
}

function partsOf(name: string): { readonly id: string; readonly parts: number } {
  const end = name.lastIndexOf(".");
  return { id: name.slice(0, end), parts: Number(name.slice(end + 1)) };
}

import { SeededRandom } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import type { Stored } from "../servers/api.js";
import { Subjects } from "../subjects.js";
import { type BlobStore, Blobs } from "./blobs.js";

/** A stream that keeps messages as servers do, in UTF-8. */
class EncodingStore implements BlobStore {
  readonly kept = new Map<string, Buffer>();

  async put(subject: string, body: string | Uint8Array): Promise<number> {
    this.kept.set(subject, Buffer.from(body));
    return this.kept.size;
  }

  async last(subject: string): Promise<Stored | undefined> {
    const body = this.kept.get(subject);
    return body && { seq: 1, subject, text: body.toString("utf8") };
  }

  async purge(subject: string): Promise<void> {
    for (const key of this.kept.keys()) {
      if (key.startsWith(subject.replace(/\*.*/, ""))) this.kept.delete(key);
    }
  }
}

const blobs = () => new Blobs(new Subjects("hf", 256, 1), new SeededRandom(1), () => 1_000);
const journal = "hf.0.live.a.c";

test.each([
  ["nothing", ""],
  ["one part", "x"],
  ["characters of three bytes", "\u4e2d".repeat(400_000)],
  ["characters of two halves, one across the end of a part", `x${"\ud83d\ude00".repeat(200_000)}`],
])(
  "a text comes back as it was, and no part is larger than half a mebibyte: %s",
  async (_, text) => {
    const store = new EncodingStore();
    const name = await blobs().put(store, journal, text);
    expect(await blobs().get(store, journal, name)).toBe(text);
    for (const body of store.kept.values()) expect(body.length).toBeLessThanOrEqual(524_288);
    blobs().drop(store, journal, name);
    expect(store.kept.size).toBe(0);
    expect(await blobs().get(store, journal, name)).toBeUndefined();
  },
);

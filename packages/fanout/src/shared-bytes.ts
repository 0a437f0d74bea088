/** Bytes that go to many sockets: one buffer, or a few that follow each other. Never changed once made. */
export class SharedBytes {
  readonly parts: readonly Uint8Array[];
  /** All parts together, in bytes. */
  readonly size: number;
  /** Where the fan-out has put these bytes in its current batch; its own book-keeping. */
  batch = -1;
  slot = -1;

  constructor(parts: readonly Uint8Array[]) {
    this.parts = parts;
    let size = 0;
    for (const part of parts) size += part.length;
    this.size = size;
  }

  /** The parts without their first `taken` bytes. */
  after(taken: number): readonly Uint8Array[] {
    if (taken <= 0) return this.parts;
    const rest: Uint8Array[] = [];
    let skip = taken;
    for (const part of this.parts) {
      if (skip < part.length) rest.push(skip === 0 ? part : part.subarray(skip));
      skip = Math.max(0, skip - part.length);
    }
    return rest;
  }
}

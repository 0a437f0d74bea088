// Who is typing: told by ephemeral publications, forgotten when nothing more is heard.

const forgetAfterMs = 4000;
const repeatAfterMs = 2000;
const maxTypists = 50;

/** The others of a room who are typing now. */
export class Typists {
  /** @type {Map<string, {name: string, timer: ReturnType<typeof setTimeout>}>} */
  #typists = new Map();
  #onChange;

  /** @param {(names: string[]) => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {string} id @param {string} name */
  add(id, name) {
    if (this.#typists.size >= maxTypists && !this.#typists.has(id)) return;
    clearTimeout(this.#typists.get(id)?.timer);
    const timer = setTimeout(() => this.remove(id), forgetAfterMs);
    this.#typists.set(id, { name, timer });
    this.#tell();
  }

  /** @param {string} id */
  remove(id) {
    clearTimeout(this.#typists.get(id)?.timer);
    if (this.#typists.delete(id)) this.#tell();
  }

  clear() {
    for (const id of [...this.#typists.keys()]) this.remove(id);
  }

  #tell() {
    this.#onChange([...this.#typists.values()].map(({ name }) => name));
  }
}

/** Says that this page is typing: at once, then at most every two seconds, and when it stops. */
export class TypingSignal {
  #send;
  #lastMs = 0;

  /** @param {(typing: boolean) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {boolean} hasText */
  input(hasText) {
    const nowMs = Date.now();
    if (hasText && nowMs - this.#lastMs < repeatAfterMs) return;
    if (!hasText && this.#lastMs === 0) return;
    this.#lastMs = hasText ? nowMs : 0;
    this.#send(hasText);
  }
}

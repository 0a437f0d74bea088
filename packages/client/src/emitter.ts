/** Takes the listener off again; calling twice does nothing. */
export type Off = () => void;

/** Typed listeners by event name. A throwing listener is reported and disturbs nobody else. */
export class Emitter<Events extends object> {
  readonly #listeners: { [Name in keyof Events]?: Set<(event: Events[Name]) => void> } = {};
  readonly #onThrow: (cause: unknown) => void;

  constructor(onThrow: (cause: unknown) => void) {
    this.#onThrow = onThrow;
  }

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Off {
    let listeners = this.#listeners[name];
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners[name] = listeners;
    }
    // A wrapper of its own per call: the same function may be added twice and taken off once.
    const entry = (event: Events[Name]) => listener(event);
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners[name];
    // Who is put on meanwhile hears of the next event; who is taken off hears of nothing more.
    for (const listener of [...(listeners ?? [])]) {
      if (listeners?.has(listener)) this.tell(listener, event);
    }
  }

  /** Calls one listener. */
  tell<Event>(listener: (event: Event) => void, event: Event): void {
    try {
      listener(event);
    } catch (cause) {
      this.#onThrow(cause);
    }
  }

  count(name: keyof Events): number {
    return this.#listeners[name]?.size ?? 0;
  }
}

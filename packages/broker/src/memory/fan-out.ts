/** Which way a message goes: the gateway that hears it and the channel it is of. */
export interface RelayRoute {
  readonly gateway: string;
  readonly channel: string;
}

/** Carries a message to a link by calling `deliver`: at once, later, or never. */
export type Relay = (route: RelayRoute, deliver: () => void) => void;

/** The relay of a healthy engine: within the same step. */
export const directRelay: Relay = (_route, deliver) => deliver();

/**
 * Hands messages to the relay in order. A listener that publishes from within its own call
 * would otherwise show the second entry to the next listener before the first.
 */
export class FanOut {
  readonly #relay: Relay;
  #waiting: { readonly route: RelayRoute; readonly deliver: () => void }[] = [];
  #draining = false;

  constructor(relay: Relay) {
    this.#relay = relay;
  }

  send(route: RelayRoute, deliver: () => void): void {
    this.#waiting.push({ route, deliver });
  }

  /** Delivers what waits. Calls from within a delivery leave the work to the outermost one. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        for (const { route, deliver } of batch) this.#relay(route, deliver);
      }
    } finally {
      this.#draining = false;
    }
  }
}

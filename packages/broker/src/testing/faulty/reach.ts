/** What a fault is in force for: one gateway, or all of them. */
class Scope {
  #all = false;
  readonly #some = new Set<string>();

  set(gateway: string | undefined, on: boolean): void {
    if (gateway === undefined) {
      this.#all = on;
      if (!on) this.#some.clear();
    } else if (on) this.#some.add(gateway);
    else this.#some.delete(gateway);
  }

  has(gateway: string): boolean {
    return this.#all || this.#some.has(gateway);
  }
}

/** Counts breaks of a connection: what was on its way when one happened never arrives. */
class Eras {
  #all = 0;
  readonly #some = new Map<string, number>();

  next(gateway: string | undefined): void {
    if (gateway === undefined) this.#all += 1;
    else this.#some.set(gateway, (this.#some.get(gateway) ?? 0) + 1);
  }

  of(gateway: string): number {
    return this.#all + (this.#some.get(gateway) ?? 0);
  }
}

/** Which gateways reach the engine, and which hear its relay. */
export class Reach {
  readonly #paused = new Scope();
  readonly #cut = new Scope();
  readonly #connections = new Eras();
  readonly #relays = new Eras();

  pause(gateway?: string): void {
    this.#paused.set(gateway, true);
    this.#connections.next(gateway);
    this.#relays.next(gateway);
  }

  resume(gateway?: string): void {
    this.#paused.set(gateway, false);
  }

  cut(gateway?: string): void {
    this.#cut.set(gateway, true);
    this.#relays.next(gateway);
  }

  mend(gateway?: string): void {
    this.#cut.set(gateway, false);
  }

  reachable(gateway: string): boolean {
    return !this.#paused.has(gateway);
  }

  hears(gateway: string): boolean {
    return this.reachable(gateway) && !this.#cut.has(gateway);
  }

  /** Changes whenever requests and replies under way are lost. */
  connectionEra(gateway: string): number {
    return this.#connections.of(gateway);
  }

  /** Changes whenever relay messages under way are lost. */
  relayEra(gateway: string): number {
    return this.#relays.of(gateway);
  }
}

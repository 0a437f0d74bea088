import type { Clock, Timer } from "@holdfast/core";
import { VirtualClock } from "@holdfast/core/testing";

/** A clock whose timers wait to be driven, while work of the current tick runs as it does in earnest. */
export class DrivenClock implements Clock {
  readonly #virtual = new VirtualClock();

  wallMs(): number {
    return this.#virtual.wallMs();
  }

  monoMs(): number {
    return this.#virtual.monoMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#virtual.after(delayMs, callback);
  }

  soon(callback: () => void): void {
    setImmediate(callback);
  }

  advance(ms: number): void {
    this.#virtual.advance(ms);
  }
}

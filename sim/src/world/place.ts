import type { Position, Subscribed } from "@holdfast/protocol";
import type { Situation } from "./coverage.js";

/** Where one subscription of an application stands, and what happened to it. */
export class Place {
  readonly sub: string;
  readonly stop: AbortController;
  position: Position | undefined;
  /** The state, and where it stands. */
  held: { readonly state: unknown; readonly position: Position } | undefined;
  /** The position of the last subscribe command. */
  asked: Position | undefined;
  /** The number of that command on its connection. */
  request: number | undefined;
  awaiting = true;
  /** The answer to a subscribe said that it was reset; the event that follows says it again. */
  announced = false;
  #gateway = "";
  /** Where the replay under way ends. */
  #top = 0;
  #offset = 0;
  #cutsInReplay = 0;

  constructor(sub: string, position: Position | undefined, stop: AbortController) {
    this.sub = sub;
    this.position = position;
    this.stop = stop;
  }

  received(offset: number): void {
    this.#offset = offset;
    if (offset >= this.#top) this.#cutsInReplay = 0;
  }

  /** The subscription has begun or come back; what that was an instance of. */
  begun(message: Subscribed, gateway: string): Situation[] {
    const { resumed, position, top = 0, reason, mode, state } = message;
    const situations: Situation[] = [];
    if (mode !== undefined && resumed) situations.push("state-resumed");
    if (state !== undefined && position !== undefined && position.offset > 0) {
      situations.push(mode === "handler" ? "state-of-the-application" : "state-snapshot");
      if (top > position.offset) situations.push("state-and-deltas");
    }
    const { asked } = this;
    if (resumed && asked !== undefined) {
      situations.push("resumed");
      if (this.#gateway !== "" && this.#gateway !== gateway) {
        situations.push("resumed-on-another-gateway");
      }
      if (position !== undefined && position.epoch !== asked.epoch) {
        situations.push("resumed-in-lineage");
      }
      if (asked.offset === 0) situations.push("resumed-before-first");
    }
    this.announced = reason !== undefined && asked !== undefined && !resumed;
    if (!resumed) this.position = position;
    this.#gateway = gateway;
    this.#top = top;
    this.#offset = position?.offset ?? 0;
    return situations;
  }

  /** The connection was cut. */
  cut(): Situation[] {
    if (this.#offset >= this.#top) return [];
    this.#cutsInReplay += 1;
    return this.#cutsInReplay > 1 ? ["cut-mid-replay", "cut-mid-replay-twice"] : ["cut-mid-replay"];
  }
}

import type { Clock } from "@holdfast/core";

/** A socket that reads nothing until it is let in. */
export interface PausedSocket {
  /** Bytes that have come in since it was let in. */
  readonly bytesRead: number;
  readonly destroyed: boolean;
  destroy(): unknown;
}

/** Bounds of the gate. */
export interface GateLimits {
  /** Sockets let in that have said nothing yet: no more than these can begin to speak in one turn of the loop. */
  readonly maxSilent: number;
  /** Of those who wait, how many are let in per turn: short turns also accept sooner, which is one per turn. */
  readonly maxPerTurn: number;
  /** Time after which a silent socket no longer keeps others out, in milliseconds. */
  readonly silentMs: number;
  /** Time the silent ones make the others wait, in milliseconds: the more wait, the sooner they keep nobody out. */
  readonly heldUpMs: number;
  /** Sockets that wait; further ones are destroyed. */
  readonly maxWaiting: number;
  /** Time a socket waits before it is destroyed, in milliseconds: its client has given up by then. */
  readonly maxWaitMs: number;
}

export const defaultGateLimits: GateLimits = {
  maxSilent: 128,
  maxPerTurn: 8,
  silentMs: 50,
  heldUpMs: 200,
  maxWaiting: 50_000,
  maxWaitMs: 10_000,
};

/** Silent sockets looked at in vain before the others are left for the next turn. */
const MAX_SILENT_LOOKS = 16;
/** Time until the silent ones are looked at again when none has spoken, in milliseconds. */
const LOOK_AGAIN_MS = 2;

/** A socket and when it came, or was let in. */
interface Since<S> {
  readonly socket: S;
  readonly atMs: number;
}

/**
 * Lets new sockets in a few at a time. The event loop reads every socket that has something to read before it
 * looks at timers and at anybody else: ten thousand that were accepted and then speak at once would be one turn.
 * One that waits here is not read, and so not part of a turn. First come, first served; a socket that comes
 * while there is room is let in at once.
 */
export class ConnectionGate<S extends PausedSocket> {
  readonly #clock: Clock;
  readonly #limits: GateLimits;
  readonly #letIn: (socket: S) => void;
  #waiting: Since<S>[] = [];
  #next = 0;
  readonly #silent: Since<S>[] = [];
  /** Where looking at the silent ones goes on. */
  #look = 0;
  #pumps = false;
  #forgets = false;
  #closed = false;

  constructor(clock: Clock, limits: GateLimits, letIn: (socket: S) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#letIn = letIn;
  }

  /** Sockets that wait. */
  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Takes a paused socket: lets it in, now or in its turn, or destroys it. */
  arrive(socket: S): void {
    if (this.#closed || this.waiting >= this.#limits.maxWaiting) {
      socket.destroy();
      return;
    }
    const nowMs = this.#clock.monoMs();
    if (this.waiting === 0 && this.#hasRoom(nowMs)) {
      this.#admit(socket, nowMs);
      return;
    }
    this.#waiting.push({ socket, atMs: nowMs });
    this.#pumpLater(false);
  }

  /** Destroys what waits, and whatever arrives from here on. */
  close(): void {
    this.#closed = true;
    for (const { socket } of this.#waiting.slice(this.#next)) socket.destroy();
    this.#waiting = [];
    this.#next = 0;
    this.#silent.length = 0;
  }

  #admit(socket: S, nowMs: number): void {
    this.#silent.push({ socket, atMs: nowMs });
    this.#forgetLater();
    this.#letIn(socket);
  }

  #hasRoom(nowMs: number): boolean {
    const silent = this.#silent;
    for (let looks = 0; silent.length >= this.#limits.maxSilent; ) {
      if (this.#look >= silent.length) this.#look = 0;
      const seen = silent[this.#look];
      if (seen !== undefined && this.#isSilent(seen, nowMs)) {
        this.#look++;
        if (++looks === MAX_SILENT_LOOKS) return false;
      } else this.#forget(this.#look);
    }
    return true;
  }

  #isSilent({ socket, atMs }: Since<S>, nowMs: number): boolean {
    return nowMs - atMs < this.#silentMs && socket.bytesRead === 0 && !socket.destroyed;
  }

  /** So short that all who wait would be let in, one set after the other, within `heldUpMs` if nobody spoke. */
  get #silentMs(): number {
    const { heldUpMs, maxSilent, silentMs } = this.#limits;
    return Math.min(silentMs, (heldUpMs * maxSilent) / this.waiting);
  }

  #forget(index: number): void {
    const last = this.#silent.pop();
    if (last !== undefined && index < this.#silent.length) this.#silent[index] = last;
  }

  #pump(): void {
    const nowMs = this.#clock.monoMs();
    let admitted = 0;
    while (admitted < this.#limits.maxPerTurn && this.#hasRoom(nowMs)) {
      const first = this.#waiting[this.#next];
      if (first === undefined) break;
      this.#next++;
      if (first.socket.destroyed) continue;
      if (nowMs - first.atMs >= this.#limits.maxWaitMs) first.socket.destroy();
      else {
        admitted++;
        this.#admit(first.socket, nowMs);
      }
    }
    if (this.#next > 1024 || this.#next === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    if (this.waiting > 0) this.#pumpLater(admitted > 0);
  }

  /** `atOnce`: in the next turn; else the silent ones are given a moment. */
  #pumpLater(atOnce: boolean): void {
    if (this.#pumps) return;
    this.#pumps = true;
    const pump = (): void => {
      this.#pumps = false;
      if (!this.#closed) this.#pump();
    };
    if (atOnce) this.#clock.soon(pump);
    else this.#clock.after(LOOK_AGAIN_MS, pump);
  }

  /** Nobody is remembered for longer than needed: one timer for all, and only while there are some. */
  #forgetLater(): void {
    if (this.#forgets) return;
    this.#forgets = true;
    this.#clock.after(this.#limits.silentMs, () => {
      this.#forgets = false;
      const nowMs = this.#clock.monoMs();
      for (let i = this.#silent.length - 1; i >= 0; i--) {
        const seen = this.#silent[i];
        if (seen !== undefined && !this.#isSilent(seen, nowMs)) this.#forget(i);
      }
      if (this.#silent.length > 0) this.#forgetLater();
    });
  }
}

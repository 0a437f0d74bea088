import { Heartbeat } from "./heartbeat.js";
import { Idleness } from "./idleness.js";
import type { Peer } from "./peer.js";
import { PeriodicRecheck } from "./revocation.js";

/** The connection that is kept up. */
export interface Kept extends Peer {
  /** Something goes on that needs the connection. */
  readonly isHolding: boolean;
  ping(): void;
  /** No sign of life came. */
  stopped(): void;
  /** Of no use for longer than it may be. */
  idle(): void;
}

/** What an open connection is looked after by at a beat: is it alive, of use, and still permitted. */
export class Upkeep {
  readonly #heartbeat: Heartbeat;
  /** Absent where a connection may be of no use for ever. */
  readonly #idleness: Idleness | undefined;
  readonly #recheck: PeriodicRecheck | undefined;

  constructor(kept: Kept) {
    const { authorize, random, settings, wheel } = kept.shared;
    const { idleTimeoutMs } = settings;
    if (idleTimeoutMs > 0) this.#idleness = new Idleness(wheel, idleTimeoutMs, kept);
    this.#heartbeat = new Heartbeat(wheel, random, settings, kept);
    const { authorizeRecheckMs } = settings;
    if (authorize !== undefined && authorizeRecheckMs > 0) {
      this.#recheck = new PeriodicRecheck(wheel, random, authorizeRecheckMs, kept);
    }
  }

  /** Anything was received. */
  alive(): void {
    this.#heartbeat.alive();
  }

  /** A command came that is no sign of life alone. */
  used(): void {
    this.#idleness?.used();
  }

  stop(): void {
    this.#heartbeat.stop();
    this.#idleness?.stop();
    this.#recheck?.stop();
  }
}

import { Idleness } from "./idleness.js";
import type { Peer } from "./peer.js";
import { PeriodicRecheck } from "./revocation.js";

/** The connection that is kept up. */
export interface Kept extends Peer {
  /** Something goes on that needs the connection. */
  readonly isHolding: boolean;
  /** Of no use for longer than it may be. */
  idle(): void;
}

/** What an open connection is looked after by beside its heartbeat: is it of use, and still permitted. */
export class Upkeep {
  readonly #idleness: Idleness | undefined;
  readonly #recheck: PeriodicRecheck | undefined;

  private constructor(idleness: Idleness | undefined, recheck: PeriodicRecheck | undefined) {
    this.#idleness = idleness;
    this.#recheck = recheck;
  }

  /** undefined: a connection may be of no use for ever, and nothing is asked again. */
  static of(kept: Kept): Upkeep | undefined {
    const { authorize, random, settings, wheel } = kept.shared;
    const { authorizeRecheckMs, idleTimeoutMs } = settings;
    const rechecks = authorize !== undefined && authorizeRecheckMs > 0;
    if (idleTimeoutMs === 0 && !rechecks) return undefined;
    return new Upkeep(
      idleTimeoutMs > 0 ? new Idleness(wheel, idleTimeoutMs, kept) : undefined,
      rechecks ? new PeriodicRecheck(wheel, random, authorizeRecheckMs, kept) : undefined,
    );
  }

  /** A command came that is no sign of life alone. */
  used(): void {
    this.#idleness?.used();
  }

  stop(): void {
    this.#idleness?.stop();
    this.#recheck?.stop();
  }
}

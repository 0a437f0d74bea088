import type { Clock, Logger, Timer } from "@holdfast/core";
import {
  type Credentials,
  endOf,
  inFiles,
  readCredentials,
  type TlsOptions,
} from "./credentials.js";

const DAY_MS = 86_400_000;
const EXPIRY_WARNING_DAYS = 14;

/** What reloading needs of its surroundings. */
export interface ReloadingParts {
  readonly clock: Clock;
  /** Time between two looks. Watching the files would miss what is replaced through a symbolic link. */
  readonly checkIntervalMs: number;
  readonly logger: Logger;
  /** Uses the new pair for handshakes from now on; open connections keep theirs. */
  readonly use: (credentials: Credentials) => void;
}

/** Looks at the files of a certificate and its key, and puts a new valid pair to use. */
export class ReloadingCredentials {
  readonly #options: TlsOptions;
  readonly #parts: ReloadingParts;
  #current: Credentials;
  #complaint = "";
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: TlsOptions, current: Credentials, parts: ReloadingParts) {
    this.#options = options;
    this.#current = current;
    this.#parts = parts;
    this.#warnOfEnd();
    if (inFiles(options)) this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    const { checkIntervalMs, clock } = this.#parts;
    this.#timer = clock.after(checkIntervalMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { logger, use } = this.#parts;
    try {
      const found = await readCredentials(this.#options);
      if (this.#stopped) return;
      this.#complaint = "";
      if (found.cert !== this.#current.cert || found.key !== this.#current.key) {
        use(found);
        this.#current = found;
        logger.info("certificate reloaded", { validUntil: new Date(endOf(found)).toISOString() });
        this.#warnOfEnd();
      }
    } catch (error) {
      if (this.#stopped) return;
      const reason = error instanceof Error ? error.message : String(error);
      // The two files are seldom replaced in the same instant; said once per reason.
      if (reason !== this.#complaint) logger.warn("certificate not reloaded", { reason });
      this.#complaint = reason;
    }
    this.#wait();
  }

  #warnOfEnd(): void {
    const { clock, logger } = this.#parts;
    const leftDays = (endOf(this.#current) - clock.wallMs()) / DAY_MS;
    if (leftDays < EXPIRY_WARNING_DAYS) {
      logger.warn("certificate ends soon", { days: Math.floor(leftDays) });
    }
  }
}

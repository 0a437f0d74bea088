import { type BrokerLink, type HistoryPage, isFailure } from "@holdfast/broker";
import type { Clock } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { ask } from "../hub/ask.js";
import type { Settings } from "../settings.js";
import { isRevocation, type Revocation, type Revocations, subjectOf } from "./revocations.js";

/** No client can name it: channel names begin with a letter. */
const REVOCATION_CHANNEL = "~holdfast:revocations";

/** Entries and bytes of one read. */
const PAGE_ENTRIES = 1_000;
const PAGE_BYTES = 262_144;
/** More than one revocation is: a user of 256 characters, each of four bytes, and the times. */
const MAX_ENTRY_BYTES = 2_048;

type Done = (failed: Failure | undefined) => void;

/**
 * The revocations as the engine keeps them, in the history of a channel of their own: for gateways
 * that start later, and for those that were out of reach when it was told.
 */
export class RevocationLog {
  readonly #link: BrokerLink;
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #revocations: Revocations;
  #epoch: string | undefined;
  #after = 0;

  constructor(link: BrokerLink, clock: Clock, settings: Settings, revocations: Revocations) {
    this.#link = link;
    this.#clock = clock;
    this.#settings = settings;
    this.#revocations = revocations;
  }

  /** Keeps a revocation for every gateway to come. */
  keep(revocation: Revocation, done: Done): void {
    const { maxRevocations, maxTokenLifeMs } = this.#settings;
    const reach = "beforeMs" in revocation ? revocation.beforeMs : revocation.untilMs;
    const request = {
      channel: REVOCATION_CHANNEL,
      data: revocation,
      timeMs: this.#clock.wallMs(),
      history: {
        maxCount: maxRevocations,
        maxBytes: maxRevocations * MAX_ENTRY_BYTES,
        maxAgeMs: maxTokenLifeMs,
      },
      // Several gateways may give an engine that lost everything the same back.
      key: { scope: "p:", value: `${subjectOf(revocation)} ${reach} ${revocation.atMs}` },
    };
    ask(
      () => this.#link.publish(request),
      (outcome) => done(isFailure(outcome) ? outcome : undefined),
    );
  }

  /** Reads what has been added since the last time; all of it where the engine begins anew. */
  read(done: Done): void {
    const seen = new Set<Revocation>();
    this.#readOn(seen, (failed, isAnew) => {
      if (failed === undefined && isAnew) this.#giveBack(seen, done);
      else done(failed);
    });
  }

  #readOn(seen: Set<Revocation>, done: (failed: Failure | undefined, isAnew: boolean) => void) {
    const lostEpoch = this.#epoch;
    const step = (isAnew: boolean): void => {
      const query = { channel: REVOCATION_CHANNEL, after: this.#after };
      ask(
        () => this.#link.read({ ...query, maxCount: PAGE_ENTRIES, maxBytes: PAGE_BYTES }),
        (page) => {
          if (isFailure(page)) done(page, false);
          else if (this.#epoch !== undefined && page.epoch !== this.#epoch) {
            this.#epoch = undefined;
            this.#after = 0;
            step(lostEpoch !== undefined);
          } else if (this.#take(page, seen)) step(isAnew);
          else done(undefined, isAnew);
        },
      );
    };
    step(false);
  }

  /** Takes a page in; true: there is more. */
  #take(page: HistoryPage, seen: Set<Revocation>): boolean {
    this.#epoch = page.epoch;
    if (page.first > this.#after + 1) this.#noteTrimmed(page);
    for (const { data, offset } of page.entries) {
      this.#after = offset;
      if (!isRevocation(data)) continue;
      seen.add(data);
      this.#revocations.add(data);
    }
    return page.entries.length > 0 && this.#after < page.top;
  }

  /** What was trimmed for its age is over; what was trimmed for its number is not. */
  #noteTrimmed({ first, top, entries }: HistoryPage): void {
    const [oldest] = entries;
    const isFull = top - first + 1 >= this.#settings.maxRevocations;
    if (oldest !== undefined && isFull) this.#revocations.trustNothingBefore(oldest.timeMs);
  }

  /** The engine lost what it had: it is given back what is known here. */
  #giveBack(seen: ReadonlySet<Revocation>, done: Done): void {
    const subjects = new Set([...seen].map(subjectOf));
    const lost = [...this.#revocations.all()].filter((each) => !subjects.has(subjectOf(each)));
    const give = async (): Promise<Failure | undefined> => {
      for (const revocation of lost) {
        const failed = await new Promise<Failure | undefined>((resolve) =>
          this.keep(revocation, resolve),
        );
        if (failed !== undefined) return failed;
      }
      return undefined;
    };
    void give().then(done);
  }
}

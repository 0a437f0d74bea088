import {
  type BrokerLink,
  type Entry,
  type HistoryPage,
  type HistoryQuery,
  isFailure,
} from "@holdfast/broker";
import type { Clock, Logger } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { ask, textOf } from "./ask.js";
import { Encoded, publicationOf } from "./encoded.js";
import type { Turns } from "./turns.js";

/** A page of history with the encodings of its entries, shared by everyone who asked for the same. */
export interface SharedPage extends HistoryPage {
  /** One of `entries`, encoded once per codec whoever sends it; `ref` is the channel's number. */
  encoded(entry: Entry, ref: number): Encoded;
}

/** Somebody who waits for a page. */
export interface PageReader {
  /** false: the page is not wanted any more, and `done` is not called. */
  readonly wanted: () => boolean;
  readonly done: (page: SharedPage | Failure) => void;
}

interface Flight {
  begun: boolean;
  /** Who gets this read's page. */
  readonly readers: PageReader[];
  /** Who came after it had begun: an acknowledgement may have come in between, so they get the next one. */
  readonly later: PageReader[];
}

/**
 * Reads history single-flight: whoever asks for the same page while the read waits for its turn
 * shares it, and its encodings. A read that has begun at the engine is not joined, because it might
 * not show what had been acknowledged when it was asked for.
 */
export class HistoryReads {
  readonly #link: Pick<BrokerLink, "read">;
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #flights = new Map<string, Flight>();

  constructor(link: Pick<BrokerLink, "read">, turns: Turns, clock: Clock, logger: Logger) {
    this.#link = link;
    this.#turns = turns;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Reads in turn, at the end of this tick at the earliest, so that who asks in one tick can share. */
  read(query: HistoryQuery, reader: PageReader): void {
    const name = `${query.channel} ${query.after} ${query.maxCount} ${query.maxBytes}`;
    const flight = this.#flights.get(name);
    if (flight === undefined) this.#queue(name, query, [reader]);
    else if (flight.begun) flight.later.push(reader);
    else flight.readers.push(reader);
  }

  #queue(name: string, query: HistoryQuery, readers: PageReader[]): void {
    const flight: Flight = { begun: false, readers, later: [] };
    this.#flights.set(name, flight);
    this.#clock.soon(() =>
      this.#turns.take((release) => this.#begin(name, query, flight, release)),
    );
  }

  #begin(name: string, query: HistoryQuery, flight: Flight, release: () => void): void {
    const { readers, later } = flight;
    flight.begun = true;
    if (!readers.some(({ wanted }) => wanted())) {
      this.#flights.delete(name);
      release();
      return;
    }
    ask(
      () => this.#link.read(query),
      (page) => {
        this.#flights.delete(name);
        if (later.length > 0) this.#queue(name, query, later);
        release();
        this.#deliver(readers, isFailure(page) ? page : shared(query.channel, page));
      },
    );
  }

  #deliver(readers: readonly PageReader[], page: SharedPage | Failure): void {
    for (const { wanted, done } of readers) {
      try {
        if (wanted()) done(page);
      } catch (error) {
        // One reader's trouble is not the others'.
        this.#logger.error("history reader failed", { error: textOf(error) });
      }
    }
  }
}

function shared(channel: string, page: HistoryPage): SharedPage {
  const encodings = new Map<Entry, Encoded>();
  const encoded = (entry: Entry, ref: number): Encoded => {
    let known = encodings.get(entry);
    if (known === undefined) {
      known = new Encoded(publicationOf(channel, entry), ref);
      encodings.set(entry, known);
    }
    return known;
  };
  return { ...page, encoded };
}

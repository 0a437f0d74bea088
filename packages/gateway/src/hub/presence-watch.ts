import { isFailure, type PresenceEvent, type PresenceView } from "@holdfast/broker";
import type { Timer } from "@holdfast/core";
import type { DownMessage, Failure } from "@holdfast/protocol";
import { ask } from "./ask.js";
import type { HubContext } from "./context.js";
import { Encoded } from "./encoded.js";
import type { Sink } from "./sink.js";

/** Pause before the members are read again after a failure, in milliseconds. */
const RETRY_MS = 1_000;

/** Part of the bound below which changes are told again, so that a channel at the bound does not go back and forth. */
const RETURN_SHARE = 0.9;

/** A list of a channel's members; `countOnly` leaves them out. */
export function presenceList(
  channel: string,
  view: PresenceView,
  id?: number,
  countOnly = false,
): DownMessage {
  return {
    type: "presence",
    ...(id === undefined ? {} : { id }),
    channel,
    version: view.version,
    members: countOnly ? [] : [...view.members],
    count: view.count,
    ...(countOnly ? { countOnly } : {}),
  };
}

type Known = Pick<PresenceView, "life" | "version" | "count">;

/**
 * Who on this gateway watches a channel's presence. Changes are versioned per life of the engine's
 * presence, so a lost one is noticed; then everyone who watches gets the whole list again. Where many
 * are present, each change to each of them would be too much: then they get the count, at a beat.
 */
export class PresenceWatch {
  readonly #channel: string;
  readonly #context: HubContext;
  /** Watcher to the version its list had: changes up to it are not sent again. */
  readonly #watchers = new Map<Sink, number>();
  #known: Known | undefined;
  /** The newest change that came before anything was known. */
  #heard: Omit<Known, "count"> | undefined;
  /** Somebody was given a list that was old by then: all get the next one. */
  #isOwed = false;
  #countsOnly = false;
  #reading = false;
  #again = false;
  #retryTimer: Timer | undefined;
  #countTimer: Timer | undefined;

  constructor(channel: string, context: HubContext) {
    this.#channel = channel;
    this.#context = context;
  }

  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  has(sink: Sink): boolean {
    return this.#watchers.has(sink);
  }

  /** Members worth reading for a watcher's welcome. */
  get maxWelcomed(): number {
    return this.#countsOnly ? 0 : this.#context.settings.maxPresenceMembers;
  }

  /** What a watcher is given at first; `maxWelcomed` is what was read for it. */
  welcome(view: PresenceView, maxWelcomed: number, id?: number): DownMessage {
    const isMany = this.watched ? this.#countsOnly : view.count > this.#max;
    return presenceList(this.#channel, view, id, isMany || maxWelcomed === 0);
  }

  /** Sends changes after `view`, of which the watcher was given its `welcome`, from now on. */
  watch(sink: Sink, view: PresenceView, maxWelcomed: number): void {
    this.#watchers.set(sink, view.version);
    const newest = this.#known ?? this.#heard;
    const isOld =
      newest !== undefined && (newest.life !== view.life || newest.version > view.version);
    if (this.#known === undefined) {
      this.#known = view;
      this.#countsOnly = view.count > this.#max;
    }
    // What was told while the list was read has gone by, and so may have the end of mere counting.
    if (!isOld && (maxWelcomed > 0 || this.#countsOnly)) return;
    this.#isOwed = true;
    this.check();
  }

  unwatch(sink: Sink): boolean {
    const watched = this.#watchers.delete(sink);
    if (this.#watchers.size === 0) {
      this.#known = undefined;
      this.#heard = undefined;
      this.#isOwed = false;
      this.#countsOnly = false;
      this.#retryTimer?.cancel();
      this.#retryTimer = undefined;
      this.#countTimer?.cancel();
      this.#countTimer = undefined;
    }
    return watched;
  }

  onEvent(event: PresenceEvent): void {
    const known = this.#known;
    if (known === undefined) {
      this.#heard = { life: event.life, version: event.version };
      return;
    }
    if (event.life === known.life && event.version <= known.version) return;
    if (this.#countsOnly) {
      this.#counted(event);
      return;
    }
    if (event.life !== known.life || event.version !== known.version + 1) {
      this.check();
      return;
    }
    this.#known = event;
    if (event.count > this.#max) this.#beginCounting();
    else this.#tellChange(event);
  }

  /** Compares with the engine; one read at a time. */
  check(): void {
    const known = this.#known;
    if (known === undefined) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    this.#again = false;
    const { link, settings } = this.#context;
    const listsMembers = !this.#countsOnly || this.#mayReturn(known);
    ask(
      () => link.presence(this.#channel, listsMembers ? settings.maxPresenceMembers : 0),
      (view) => this.#checked(view, listsMembers),
    );
  }

  get #max(): number {
    return this.#context.settings.maxPresenceEventMembers;
  }

  #mayReturn({ count }: Known): boolean {
    return count <= this.#max * RETURN_SHARE;
  }

  #checked(view: PresenceView | Failure, listsMembers: boolean): void {
    this.#reading = false;
    if (isFailure(view)) {
      this.#retryTimer ??= this.#context.clock.after(RETRY_MS, () => {
        this.#retryTimer = undefined;
        this.check();
      });
      return;
    }
    const known = this.#known;
    if (known === undefined) return;
    if (view.life === known.life && view.version < known.version) {
      // Changes came in the meantime, and stand already.
      if (this.#isOwed || this.#again) this.check();
      return;
    }
    const isNews = view.life !== known.life || view.version > known.version || this.#isOwed;
    this.#isOwed = false;
    if (this.#countsOnly && !(listsMembers && this.#mayReturn(view))) {
      if (isNews) this.#counted(view);
    } else if (isNews || this.#countsOnly) this.#resync(view);
    if (this.#again) this.check();
  }

  #resync(view: PresenceView): void {
    this.#known = view;
    if (view.count > this.#max) {
      this.#beginCounting();
      return;
    }
    this.#countsOnly = false;
    this.#countTimer?.cancel();
    this.#countTimer = undefined;
    this.#tellAll(presenceList(this.#channel, view), view.version);
  }

  #beginCounting(): void {
    this.#countsOnly = true;
    this.#tellCount();
  }

  /** The number has changed; those who watch are told with the next beat. */
  #counted(known: Known): void {
    this.#known = known;
    const { clock, settings } = this.#context;
    this.#countTimer ??= clock.after(settings.presenceCountIntervalMs, () => {
      this.#countTimer = undefined;
      if (this.#known !== undefined && this.#mayReturn(this.#known)) this.check();
      else this.#tellCount();
    });
  }

  #tellCount(): void {
    const known = this.#known;
    if (known === undefined) return;
    const list = presenceList(this.#channel, { ...known, members: [] }, undefined, true);
    this.#tellAll(list, known.version);
  }

  #tellAll(message: DownMessage, version: number): void {
    const encoded = new Encoded(message);
    for (const sink of this.#watchers.keys()) {
      this.#watchers.set(sink, version);
      sink.control(encoded.frame(sink.codec));
    }
  }

  #tellChange({ version, action, member, count }: PresenceEvent): void {
    const channel = this.#channel;
    const change = { type: "presence_change", channel, version, action, member, count } as const;
    const encoded = new Encoded(change);
    for (const [sink, had] of this.#watchers) {
      if (version > had) sink.control(encoded.frame(sink.codec));
    }
  }
}

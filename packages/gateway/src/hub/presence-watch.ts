import { isFailure, type PresenceEvent, type PresenceView } from "@holdfast/broker";
import type { Timer } from "@holdfast/core";
import type { DownMessage, Failure } from "@holdfast/protocol";
import { ask } from "./ask.js";
import type { HubContext } from "./context.js";
import { Encoded } from "./encoded.js";
import type { Sink } from "./sink.js";

/** Pause before the members are read again after a failure, in milliseconds. */
const RETRY_MS = 1_000;

/** A full list of a channel's members. */
export function presenceList(channel: string, view: PresenceView, id?: number): DownMessage {
  return {
    type: "presence",
    ...(id === undefined ? {} : { id }),
    channel,
    version: view.version,
    members: [...view.members],
    count: view.count,
  };
}

interface Known {
  readonly life: string;
  readonly version: number;
}

/**
 * Who on this gateway watches a channel's presence. Changes are versioned per life of the engine's
 * presence, so a lost one is noticed; then everyone who watches gets the whole list again.
 */
export class PresenceWatch {
  readonly #channel: string;
  readonly #context: HubContext;
  /** Watcher to the version its list had: changes up to it are not sent again. */
  readonly #watchers = new Map<Sink, number>();
  #known: Known | undefined;
  #reading = false;
  #again = false;
  #retryTimer: Timer | undefined;

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

  /** Sends changes after `view`, which the watcher was given, from now on. */
  watch(sink: Sink, view: PresenceView): void {
    this.#watchers.set(sink, view.version);
    if (this.#known === undefined) this.#known = { life: view.life, version: view.version };
    else if (this.#known.life !== view.life) this.#resync(view);
  }

  unwatch(sink: Sink): boolean {
    const watched = this.#watchers.delete(sink);
    if (this.#watchers.size === 0) {
      this.#known = undefined;
      this.#retryTimer?.cancel();
      this.#retryTimer = undefined;
    }
    return watched;
  }

  onEvent(event: PresenceEvent): void {
    const known = this.#known;
    if (known === undefined) return;
    if (event.life === known.life && event.version <= known.version) return;
    if (event.life !== known.life || event.version !== known.version + 1) {
      this.check();
      return;
    }
    this.#known = { life: event.life, version: event.version };
    this.#send(event.version, {
      type: "presence_change",
      channel: this.#channel,
      version: event.version,
      action: event.action,
      member: event.member,
      count: event.count,
    });
  }

  /** Compares with the engine; one read at a time. */
  check(): void {
    if (this.#watchers.size === 0) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    this.#again = false;
    const { link, settings } = this.#context;
    ask(
      () => link.presence(this.#channel, settings.maxPresenceMembers),
      (view) => this.#checked(view),
    );
  }

  #checked(view: PresenceView | Failure): void {
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
    if (view.life !== known.life || view.version > known.version) this.#resync(view);
    if (this.#again) this.check();
  }

  #resync(view: PresenceView): void {
    this.#known = { life: view.life, version: view.version };
    const encoded = new Encoded(presenceList(this.#channel, view));
    for (const sink of this.#watchers.keys()) {
      this.#watchers.set(sink, view.version);
      sink.control(encoded.frame(sink.codec));
    }
  }

  #send(version: number, message: DownMessage): void {
    const encoded = new Encoded(message);
    for (const [sink, had] of this.#watchers) {
      if (version > had) sink.control(encoded.frame(sink.codec));
    }
  }
}

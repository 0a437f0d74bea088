import type { Position } from "@holdfast/protocol";
import type { EventOf } from "./history.js";

/** An event that belongs to one subscription. */
export type SubscriptionEvent =
  | EventOf<"subscribe">
  | EventOf<"subscribed">
  | EventOf<"delivered">
  | EventOf<"reset">
  | EventOf<"unsubscribed">;

/** What tells the application where the following publications start. */
export type Announcement = EventOf<"subscribed"> | EventOf<"reset">;

/** A coming back inside a run: nothing may be missing or twice around it. */
export interface Resume {
  readonly event: EventOf<"subscribed">;
  /** What the client asked to continue, as far as it was recorded. */
  readonly asked: Position | undefined;
  /** How many deliveries of the run came before. */
  readonly after: number;
}

/** A stretch of a subscription that promises to be without gap: from one announcement to the next reset. */
export interface Run {
  readonly begun: Announcement | undefined;
  readonly start: Position | undefined;
  /** false as soon as one announcement of the run said that offsets may be skipped. */
  contiguous: boolean;
  readonly deliveries: EventOf<"delivered">[];
  readonly resumes: Resume[];
}

/** Everything one subscription of an application saw. */
export class SubscriptionTrack {
  readonly client: string;
  readonly sub: string;
  readonly channel: string;
  readonly events: SubscriptionEvent[] = [];
  readonly runs: Run[] = [];
  /** Each announcement with the subscribe command it answers, if that was recorded. */
  readonly answers: { readonly asked: EventOf<"subscribe">; readonly event: Announcement }[] = [];
  ended: EventOf<"unsubscribed"> | undefined = undefined;
  #asked: EventOf<"subscribe"> | undefined = undefined;

  constructor(first: SubscriptionEvent) {
    this.client = first.client;
    this.sub = first.sub;
    this.channel = first.channel;
  }

  /** The position the application had before an event of the run: its last delivery, or where it began or came back to. */
  static positionIn(run: Run | undefined): Position | undefined {
    // A coming back may have moved it to a new epoch since the last delivery.
    const resume = run?.resumes.at(-1);
    if (resume?.event.position !== undefined && resume.after === run?.deliveries.length) {
      return resume.event.position;
    }
    return run?.deliveries.at(-1) ?? run?.start;
  }

  add(event: SubscriptionEvent): void {
    this.events.push(event);
    switch (event.kind) {
      case "subscribe":
        this.#asked = event;
        break;
      case "subscribed":
        this.#begin(event);
        break;
      case "reset":
        this.runs.push(newRun(event, event.position, this.runs.at(-1)?.contiguous ?? true));
        break;
      case "delivered":
        this.#run().deliveries.push(event);
        break;
      case "unsubscribed":
        this.ended = event;
        break;
    }
  }

  #begin(event: EventOf<"subscribed">): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked !== undefined) this.answers.push({ asked, event });
    const current = this.runs.at(-1);
    if (!event.resumed || current === undefined) {
      this.runs.push(newRun(event, event.position, event.contiguous));
      if (!event.resumed) return;
    }
    const run = this.#run();
    run.resumes.push({ event, asked: asked?.from, after: run.deliveries.length });
    run.contiguous &&= event.contiguous;
  }

  #run(): Run {
    const current = this.runs.at(-1);
    if (current !== undefined) return current;
    const unannounced = newRun(undefined, undefined, true);
    this.runs.push(unannounced);
    return unannounced;
  }
}

function newRun(
  begun: Announcement | undefined,
  start: Position | undefined,
  contiguous: boolean,
): Run {
  return { begun, start, contiguous, deliveries: [], resumes: [] };
}

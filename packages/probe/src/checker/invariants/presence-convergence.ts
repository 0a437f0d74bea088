import type { Bounds } from "../bounds.js";
import type { EventOf, HistoryEvent } from "../history.js";
import { defineInvariant, type Report } from "../invariant.js";

/** Presence follows the live connections: at rest exactly, and ghosts are gone in bounded time. */
export const presenceConvergence = defineInvariant(
  "presence-convergence",
  "Once the system is quiet, presence equals the live connections; a crash clears within lease and grace; a short absence shows no leave.",
  (history, report) => {
    const rooms = new Map<string, Room>();
    const truth = new Truth(history.bounds);
    for (const event of history.events) {
      truth.observe(event);
      const channel = "channel" in event ? event.channel : undefined;
      if (channel === undefined) continue;
      if (event.kind === "entered" || event.kind === "left") {
        roomOf(rooms, channel).intent(event);
      } else if (event.kind === "presenceView") {
        roomOf(rooms, channel).view(event, truth, report);
      } else if (event.kind === "presenceEvent") {
        roomOf(rooms, channel).change(event, truth, report);
      }
    }
  },
);

function roomOf(rooms: Map<string, Room>, channel: string): Room {
  let room = rooms.get(channel);
  if (room === undefined) {
    room = new Room();
    rooms.set(channel, room);
  }
  return room;
}

/** Who is connected, and which absences were long enough to be shown. */
class Truth {
  readonly bounds: Bounds;
  readonly #gone = new Map<string, EventOf<"disconnected">>();
  readonly #longAbsences = new Map<string, number>();
  readonly #faultsSince = new Map<string, number>();
  #longFaults = 0;
  lastFaultMs = Number.NEGATIVE_INFINITY;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
  }

  observe(event: HistoryEvent): void {
    if (event.kind === "disconnected") {
      if (!this.#gone.has(event.client)) this.#gone.set(event.client, event);
    } else if (event.kind === "connected") {
      const since = this.#gone.get(event.client);
      if (since !== undefined && this.#isLong(since, event.atMs)) {
        this.#longAbsences.set(event.client, (this.#longAbsences.get(event.client) ?? 0) + 1);
      }
      this.#gone.delete(event.client);
    } else if (event.kind === "fault") {
      this.#fault(event);
    }
  }

  /** The disconnection a client has not come back from. */
  goneSince(client: string): EventOf<"disconnected"> | undefined {
    return this.#gone.get(client);
  }

  /** How many leaves the record can explain for a client until now, deliberate ones apart. */
  explained(client: string, nowMs: number): number {
    const since = this.#gone.get(client);
    const now = since !== undefined && this.#isLong(since, nowMs) ? 1 : 0;
    return (this.#longAbsences.get(client) ?? 0) + now + this.#longFaults + this.#faultsSince.size;
  }

  #isLong(since: EventOf<"disconnected">, nowMs: number): boolean {
    const { presenceGraceMs, presenceNoticeMs } = this.bounds;
    return nowMs - since.atMs >= presenceGraceMs - presenceNoticeMs;
  }

  /** A long fault can cost a gateway its lease, and so everybody's presence, without a client noticing. */
  #fault(event: EventOf<"fault">): void {
    this.lastFaultMs = event.atMs;
    const name = `${event.fault}\n${event.target ?? ""}`;
    const begun = this.#faultsSince.get(name);
    if (event.phase === "begin") {
      this.#faultsSince.set(name, event.atMs);
    } else if (begun !== undefined) {
      this.#faultsSince.delete(name);
      if (event.atMs - begun >= this.bounds.presenceGraceMs) this.#longFaults += 1;
    }
  }
}

/** One channel's presence, as intended and as shown. */
class Room {
  readonly #members = new Map<string, EventOf<"entered" | "left">>();
  readonly #deliberate = new Map<string, number>();
  readonly #leavesSeen = new Map<string, number>();
  readonly #versions = new Map<string, EventOf<"presenceEvent">>();

  intent(event: EventOf<"entered" | "left">): void {
    this.#members.set(event.member, event);
    if (event.kind === "left") {
      this.#deliberate.set(event.member, (this.#deliberate.get(event.member) ?? 0) + 1);
    }
  }

  view(event: EventOf<"presenceView">, truth: Truth, report: Report): void {
    const shown = new Set(event.members);
    if (event.quiet) this.#checkCount(event, truth, report);
    if (event.quiet && event.countOnly !== true) {
      for (const [member, intent] of this.#members) {
        const away = truth.goneSince(intent.client);
        if (intent.kind !== "entered" || away !== undefined || shown.has(member)) continue;
        report(
          `At rest ${member} is connected and entered ${event.channel}, but ${event.observer} does not see it`,
          intent,
          event,
        );
      }
    }
    for (const member of shown) this.#checkShown(member, event, truth, report);
  }

  /** Who entered and is connected is counted; whom it shows besides is `#checkShown`'s matter. */
  #checkCount(event: EventOf<"presenceView">, truth: Truth, report: Report): void {
    if (event.count === undefined) return;
    let due = 0;
    for (const { kind, client } of this.#members.values()) {
      if (kind === "entered" && truth.goneSince(client) === undefined) due += 1;
    }
    if (event.count === due) return;
    const says = `At rest ${due} are connected and entered ${event.channel}`;
    report(`${says}, but ${event.observer} counts ${event.count}`, event);
  }

  #checkShown(member: string, event: EventOf<"presenceView">, truth: Truth, report: Report): void {
    const intent = this.#members.get(member);
    if (intent === undefined) {
      report(`${event.observer} sees ${member} in ${event.channel}, who never entered`, event);
      return;
    }
    const gone = intent.kind === "left" ? intent : truth.goneSince(intent.client);
    if (gone === undefined) return;
    const { presenceLeaseMs, presenceGraceMs } = truth.bounds;
    const dueMs = Math.max(gone.atMs, truth.lastFaultMs) + presenceLeaseMs + presenceGraceMs;
    if (!event.quiet && event.atMs <= dueMs) return;
    report(
      `${event.observer} still sees ${member} in ${event.channel}, ${event.atMs - gone.atMs} ms after it was gone`,
      intent,
      gone,
      event,
    );
  }

  change(event: EventOf<"presenceEvent">, truth: Truth, report: Report): void {
    const line = `${event.observer}\n${event.life}`;
    const before = this.#versions.get(line);
    if (before !== undefined && event.version <= before.version) {
      report(
        `${event.observer} saw version ${event.version} of the presence of ${event.channel} after version ${before.version}`,
        before,
        event,
      );
    }
    this.#versions.set(line, event);
    if (event.action === "leave") this.#checkLeave(event, truth, report);
  }

  #checkLeave(event: EventOf<"presenceEvent">, truth: Truth, report: Report): void {
    const { member, observer } = event;
    const place = `${observer}\n${member}`;
    const seen = (this.#leavesSeen.get(place) ?? 0) + 1;
    this.#leavesSeen.set(place, seen);
    const intent = this.#members.get(member);
    if (intent === undefined) return;
    const deliberate = this.#deliberate.get(member) ?? 0;
    if (seen <= deliberate + truth.explained(intent.client, event.atMs)) return;
    report(
      `${observer} saw ${member} leave ${event.channel}, although it neither left nor was away for the grace period`,
      intent,
      truth.goneSince(intent.client),
      event,
    );
  }
}

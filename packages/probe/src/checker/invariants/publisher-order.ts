import type { PublisherSession } from "@holdfast/protocol";
import type { EventOf } from "../history.js";
import type { IndexedHistory } from "../indexed-history.js";
import { defineInvariant, type Report } from "../invariant.js";

type Entry = EventOf<"append" | "kept">;

interface Placed {
  readonly session: PublisherSession;
  readonly entry: Entry;
}

/**
 * The entries of one publisher session stand in the order of its `seq`, whatever the publisher was
 * told: what it gave up as unknown stands before what it published later, or nowhere. A number may be
 * missing: a refused publish or a repeat under a known key appends nothing, and what was acknowledged
 * and is not there breaks `ack-appended`.
 */
export const publisherOrder = defineInvariant(
  "publisher-order",
  "What one session publishes to one channel keeps its order, through retries and past what was given up.",
  (history, report) => {
    const sessions = new Map<string, Placed[]>();
    for (const entry of entriesOf(history)) {
      const session = sessionOf(history, entry);
      if (session === undefined) continue;
      const name = `${entry.channel}\n${entry.epoch}\n${session.id}`;
      const placed = sessions.get(name);
      if (placed === undefined) sessions.set(name, [{ session, entry }]);
      else placed.push({ session, entry });
    }
    for (const placed of sessions.values()) checkSession(placed, report);
  },
);

/** The engine's appends; where they are not recorded, what it held at the end. */
function entriesOf(history: IndexedHistory): readonly Entry[] {
  const kind = history.engineRecorded ? "append" : "kept";
  return history.events.filter((event): event is Entry => event.kind === kind);
}

function sessionOf(history: IndexedHistory, entry: Entry): PublisherSession | undefined {
  if (entry.kind === "append" && entry.session !== undefined) return entry.session;
  const operations = history.operations.ofToken(entry.channel, entry.token);
  // What the application itself published twice has no one place in its order.
  return operations.length === 1 ? operations[0]?.invoked.session : undefined;
}

function checkSession(placed: Placed[], report: Report): void {
  placed.sort((a, b) => a.entry.offset - b.entry.offset);
  for (const [index, later] of placed.entries()) {
    const earlier = placed[index - 1];
    if (earlier === undefined || later.session.seq > earlier.session.seq) continue;
    const says = `Session ${later.session.id} published number ${later.session.seq} to ${later.entry.channel}, which stands at offset ${later.entry.offset} right after its number ${earlier.session.seq} at offset ${earlier.entry.offset}`;
    report(says, earlier.entry, later.entry);
  }
}

import type { EventOf } from "../history.js";
import type { IndexedHistory } from "../indexed-history.js";
import { defineInvariant, type Report } from "../invariant.js";
import type { PublishOperation } from "../operations.js";

/** An acknowledgement names an entry that is there, and stays unless the epoch changes or it is trimmed. */
export const ackAppended = defineInvariant(
  "ack-appended",
  "An acknowledged publication was appended before the acknowledgement, and losing it starts a new epoch.",
  (history, report) => {
    for (const operation of history.operations.publishes.values()) {
      const { invoked, settled } = operation;
      if (settled?.outcome !== "ok" || invoked.ephemeral === true) continue;
      checkPlace(history, operation, settled, report);
    }
  },
);

function checkPlace(
  history: IndexedHistory,
  { invoked }: PublishOperation,
  settled: EventOf<"published">,
  report: Report,
): void {
  const { epoch, offset, channel, client } = settled;
  if (epoch === undefined || offset === undefined) {
    report(
      `${client} was told its publish to ${channel} succeeded, without an offset`,
      invoked,
      settled,
    );
    return;
  }
  const facts = history.channel(channel);
  const says = `${client} was told that ${invoked.token} is offset ${offset} (epoch ${epoch}) of ${channel}`;
  const appended = facts.appendAt(epoch, offset);
  const kept = facts.epochs.get(epoch)?.kept.get(offset);
  const entry = appended ?? kept;
  if (entry !== undefined && entry.token !== invoked.token) {
    report(`${says}, but ${entry.token} stands there`, invoked, settled, entry);
  } else if (history.engineRecorded && appended === undefined) {
    report(`${says}, but nothing was ever appended there`, invoked, settled);
  } else if (appended !== undefined && appended.seq > settled.seq) {
    report(`${says} before it was appended`, invoked, settled, appended);
  }
  const { final } = facts;
  if (final === undefined || final.epoch !== epoch) return;
  if (offset > final.top) {
    report(`${says}, but the same epoch ends at ${final.top}`, invoked, settled, final);
  } else if (offset >= final.first && kept === undefined && hasKept(facts, epoch)) {
    report(`${says}, but the same epoch does not hold it at the end`, invoked, settled, final);
  }
}

function hasKept(facts: ReturnType<IndexedHistory["channel"]>, epoch: string): boolean {
  return (facts.epochs.get(epoch)?.kept.size ?? 0) > 0;
}

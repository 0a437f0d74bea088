import type { Position, ResetReason } from "@holdfast/protocol";
import type { IndexedHistory } from "../indexed-history.js";
import { defineInvariant, type Report } from "../invariant.js";
import { type Announcement, type Run, SubscriptionTrack } from "../subscription-track.js";

/** A reset is the exception, and the engine's record shows why it had to be. */
export const justifiedReset = defineInvariant(
  "justified-reset",
  "Every reset is justified by a recorded trim, epoch change or exhausted round limit.",
  (history, report) => {
    for (const track of history.subscriptions) {
      for (const [index, run] of track.runs.entries()) {
        const begun = run.begun;
        if (begun?.reason === undefined) continue;
        checkReset(history, track, track.runs[index - 1], begun, begun.reason, report);
      }
    }
  },
);

function checkReset(
  history: IndexedHistory,
  track: SubscriptionTrack,
  before: Run | undefined,
  event: Announcement,
  reason: ResetReason,
  report: Report,
): void {
  const asked = track.answers.find((answer) => answer.event === event)?.asked.from;
  const position = asked ?? SubscriptionTrack.positionIn(before);
  const says = `${track.client} was told \`${reason}\` on ${track.channel}`;
  if (!history.engineRecorded) {
    const fault = history.faults.find((fault) => fault.engine && fault.seq < event.seq);
    if (fault !== undefined || endsBeyond(history, track.channel, position, reason)) return;
    report(`${says}, but no fault of the engine came before`, event);
    return;
  }
  if (position === undefined) {
    report(`${says}, but it had no position that could have been lost`, event);
    return;
  }
  const missing = reasonMissing(history, track.channel, position, event, reason);
  if (missing === undefined) return;
  report(
    `${says} at offset ${position.offset} (epoch ${position.epoch}), but ${missing}`,
    before?.deliveries.at(-1) ?? before?.begun,
    event,
  );
}

/** Without the engine's record: what is retained at the end shows that a trim passed the position. */
function endsBeyond(
  history: IndexedHistory,
  channel: string,
  position: Position | undefined,
  reason: ResetReason,
): boolean {
  const { final } = history.channel(channel);
  if (reason !== "history_trimmed" || final === undefined || position === undefined) return false;
  return final.epoch === position.epoch && final.first > position.offset + 1;
}

/** What the record lacks to justify the reason; `undefined` when it is justified. */
function reasonMissing(
  history: IndexedHistory,
  channel: string,
  position: Position,
  event: Announcement,
  reason: ResetReason,
): string | undefined {
  const facts = history.channel(channel);
  const epochs = [...facts.epochs.values()].filter((epoch) => (epoch.begun?.seq ?? 0) < event.seq);
  const continuing = epochs.filter((epoch) => facts.continues(position, epoch.name));
  const epochLost = epochs.some(
    (epoch) =>
      epoch.begun !== undefined &&
      !facts.continues(position, epoch.name) &&
      epoch.index > (facts.epochs.get(position.epoch)?.index ?? -1),
  );
  switch (reason) {
    case "epoch_changed":
    case "state_lost":
    case "position_ahead":
      return epochLost ? undefined : "no epoch had begun that did not continue it";
    case "witness_mismatch": {
      const entry = facts.appendAt(position.epoch, position.offset);
      const differs = position.id !== undefined && entry !== undefined && entry.id !== position.id;
      return epochLost || differs ? undefined : "the entry there was the one it had seen";
    }
    case "history_trimmed": {
      const trimmed = continuing.some((epoch) =>
        epoch.trims.some((trim) => trim.seq < event.seq && trim.first > position.offset + 1),
      );
      return trimmed || epochLost ? undefined : "nothing after it had been trimmed";
    }
    case "replay_exhausted":
      return facts.exhausted.some((other) => other.seq < event.seq)
        ? undefined
        : "no replay of the channel had used up its rounds";
  }
}

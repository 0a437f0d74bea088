import type { Position } from "@holdfast/protocol";
import type { EventOf } from "../history.js";
import type { IndexedHistory } from "../indexed-history.js";
import { defineInvariant, type Report } from "../invariant.js";
import type { Resume, Run, SubscriptionTrack } from "../subscription-track.js";

/** `resumed: true` means that the same history goes on exactly where the client stood. */
export const resumeHonesty = defineInvariant(
  "resume-honesty",
  "`resumed: true` is only said in the same epoch or its lineage, and nothing is missing after it.",
  (history, report) => {
    for (const track of history.subscriptions) {
      for (const run of track.runs) {
        for (const resume of run.resumes) checkResume(history, track, run, resume, report);
      }
    }
  },
);

function checkResume(
  history: IndexedHistory,
  track: SubscriptionTrack,
  run: Run,
  resume: Resume,
  report: Report,
): void {
  const { event } = resume;
  const { position } = event;
  const before = run.deliveries[resume.after - 1];
  const asked = resume.asked ?? before;
  const says = `${track.client} was told that its subscription to ${track.channel} resumed`;
  if (position === undefined) {
    if (event.contiguous) report(`${says}, without a position`, event);
    return;
  }
  if (asked !== undefined) checkAsked(history, track, asked, event, position, report);
  if (event.top !== undefined && event.top < position.offset) {
    report(`${says} at offset ${position.offset}, beyond the top ${event.top}`, event);
  }
  checkStanding(run, resume, position, says, report);
  const next = run.deliveries[resume.after];
  const following = run.resumes.find((other) => other.event.seq > event.seq);
  if (next === undefined || !run.contiguous) return;
  if (following !== undefined && following.event.seq < next.seq) return;
  if (next.offset > position.offset + 1) {
    report(
      `${says} at offset ${position.offset}, but offset ${next.offset} came next`,
      before,
      event,
      next,
    );
  }
}

/** A resume beyond what the application was handed leaves out what lies between. */
function checkStanding(
  run: Run,
  resume: Resume,
  position: Position,
  says: string,
  report: Report,
): void {
  const before = run.deliveries[resume.after - 1];
  const stood = before ?? run.start;
  if (!run.contiguous || stood === undefined || position.offset <= stood.offset) return;
  report(
    `${says} at offset ${position.offset}, but it had only been handed those up to ${stood.offset}`,
    before ?? run.begun,
    resume.event,
  );
}

function checkAsked(
  history: IndexedHistory,
  track: SubscriptionTrack,
  asked: Position,
  event: EventOf<"subscribed">,
  position: Position,
  report: Report,
): void {
  const says = `${track.client} asked to resume ${track.channel} at offset ${asked.offset} (epoch ${asked.epoch}) and was told it resumed`;
  if (asked.offset !== position.offset) {
    report(`${says} at offset ${position.offset}`, event);
    return;
  }
  const facts = history.channel(track.channel);
  if (asked.epoch !== position.epoch && lineageIsKnown(history)) {
    if (!facts.continues(asked, position.epoch)) {
      report(
        `${says} in epoch ${position.epoch}, which has no lineage to it`,
        event,
        facts.epochs.get(position.epoch)?.begun,
      );
      return;
    }
  }
  const entry = facts.appendAt(position.epoch, asked.offset);
  if (asked.id !== undefined && entry !== undefined && entry.id !== asked.id) {
    report(`${says}, but the entry there has id ${entry.id}, not ${asked.id}`, entry, event);
  }
}

/** Without the engine's own record a changed epoch is only suspicious when no engine fault happened. */
function lineageIsKnown(history: IndexedHistory): boolean {
  return history.engineRecorded || !history.faults.some((fault) => fault.engine);
}

import type { Entry, HistoryPage } from "@holdfast/broker";
import type { Position, ResetReason } from "@holdfast/protocol";

/** Whether what follows a position can be given without a hole. */
export type Verdict =
  | { readonly ok: true; readonly epoch: string }
  | { readonly ok: false; readonly reason: ResetReason };

/**
 * Judges a position by a page that was read after its offset: same epoch or proven lineage,
 * nothing beyond what the epoch holds, the same publication at the position's offset where that
 * is still known, and the next one still retained.
 */
export function judge(position: Position, page: HistoryPage): Verdict {
  const no = (reason: ResetReason): Verdict => ({ ok: false, reason });
  if (position.epoch !== page.epoch) {
    const upTo = sharedUpTo(position.epoch, page);
    if (upTo === undefined) return no("epoch_changed");
    if (position.offset > upTo) return no("position_ahead");
  }
  if (position.offset > page.top) return no("position_ahead");
  const witness = position.offset === page.top ? (page.topId ?? page.witness) : page.witness;
  if (position.id !== undefined && witness !== undefined && position.id !== witness) {
    return no("witness_mismatch");
  }
  if (page.first > position.offset + 1) return no("history_trimmed");
  return { ok: true, epoch: page.epoch };
}

/** The largest offset an older epoch shares with the page's, through every step of the lineage between. */
export function sharedUpTo(epoch: string, page: HistoryPage): number | undefined {
  let upTo = Number.MAX_SAFE_INTEGER;
  for (const step of page.lineage) {
    upTo = Math.min(upTo, step.upTo);
    if (step.parent === epoch) return upTo;
  }
  return undefined;
}

/**
 * Where a subscription goes on after a reset: at the newest publication; but at the beginning of a
 * new epoch that is still whole and short, so that what came right after an engine's restart is seen.
 */
export function restartPoint(reason: ResetReason, page: HistoryPage, maxEntries: number): Position {
  if (reason === "epoch_changed" && page.first === 1 && page.top <= maxEntries) {
    return { epoch: page.epoch, offset: 0 };
  }
  return positionAt(page.epoch, page.top, page.topId);
}

/** Makes a position, leaving the witness out where it is unknown. */
export function positionAt(epoch: string, offset: number, id: string | undefined): Position {
  return id === undefined || offset === 0 ? { epoch, offset } : { epoch, offset, id };
}

/** The entries that continue an offset without a hole. */
export function following(offset: number, entries: readonly Entry[]): readonly Entry[] {
  const start = entries.findIndex((entry) => entry.offset === offset + 1);
  if (start < 0) return [];
  let end = start;
  while (end < entries.length && entries[end]?.offset === offset + 1 + end - start) end++;
  return start === 0 && end === entries.length ? entries : entries.slice(start, end);
}

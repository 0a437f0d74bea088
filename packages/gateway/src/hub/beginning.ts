import { type Head, type HistoryBounds, type HistoryPage, isFailure } from "@holdfast/broker";
import type { Failure, Position, ResetReason } from "@holdfast/protocol";
import { judge, positionAt, restartPoint } from "./continuity.js";
import type { EntryRing } from "./entry-ring.js";
import type { StateSource } from "./state/source.js";

/** Where a subscription wants to begin. */
export interface ReplayRequest {
  readonly id?: number | undefined;
  readonly position?: Position | undefined;
  readonly last?: number | undefined;
}

/** Where it does begin, and what the answer says of it. */
export interface Beginning {
  readonly position: Position;
  readonly top: number;
  readonly outcome: "fresh" | "resumed" | "reset";
  readonly reason?: ResetReason;
  /** The state at `position`; present exactly where the channel has state and nothing is resumed. */
  readonly state?: unknown;
}

/** Begins from the hub's own memory where that alone proves continuity; otherwise history is read. */
export function beginInRing(
  request: ReplayRequest,
  last: Position,
  ring: EntryRing,
  bounds: HistoryBounds,
  wallMs: number,
): Beginning | undefined {
  const idAt = (offset: number) => (offset === last.offset ? last.id : ring.at(offset)?.id);
  const held = (after: number) => after === last.offset || ring.at(after + 1) !== undefined;
  const { position, last: wanted = 0 } = request;
  if (position === undefined) {
    const offset = Math.max(0, last.offset - Math.min(wanted, bounds.maxCount));
    // History may hold the witness that the ring does not; of all that is retained there is none.
    const witnessed = offset === 0 || wanted >= bounds.maxCount || idAt(offset) !== undefined;
    if (!held(offset) || !witnessed) return undefined;
    // The ring may still hold what history has let go; a late-comer must see the same everywhere.
    const oldest = ring.at(offset + 1)?.encoded.message;
    const isAged = oldest?.type === "publication" && oldest.timeMs + bounds.maxAgeMs <= wallMs;
    if (isAged) return undefined;
    const from = positionAt(last.epoch, offset, idAt(offset));
    return { position: from, top: last.offset, outcome: "fresh" };
  }
  if (position.epoch !== last.epoch || position.offset > last.offset) return undefined;
  const witnessed = position.offset === 0 || position.id === idAt(position.offset);
  if (!witnessed || !held(position.offset)) return undefined;
  return { position, top: last.offset, outcome: "resumed" };
}

/** Begins with the channel's state, which stands for everything before it. */
export function beginWithState(
  source: StateSource,
  head: Head,
  done: (beginning: Beginning | Failure) => void,
): void {
  const { epoch, offset: top } = head;
  if (top === 0 && source.mode !== "handler") {
    done({ position: { epoch, offset: 0 }, top, outcome: "fresh", state: null });
    return;
  }
  source.take(head, (found) => {
    if (isFailure(found)) done(found);
    else done({ ...found, top: Math.max(top, found.position.offset), outcome: "fresh" });
  });
}

/** Begins from a page of history read after the position, or after `top - last` without one. */
export function beginInPage(
  request: ReplayRequest,
  page: HistoryPage,
  maxEntries: number,
): Beginning {
  const { position } = request;
  const { top } = page;
  if (position === undefined) return { position: newestPart(request, page), top, outcome: "fresh" };
  const verdict = judge(position, page);
  if (verdict.ok) {
    return { position: { ...position, epoch: page.epoch }, top, outcome: "resumed" };
  }
  // Without continuity, `last` still says how much of the history is wanted.
  const from =
    request.last === undefined
      ? restartPoint(verdict.reason, page, maxEntries)
      : newestPart(request, page);
  return { position: from, top, outcome: "reset", reason: verdict.reason };
}

function newestPart({ last = 0 }: ReplayRequest, page: HistoryPage): Position {
  const offset = Math.max(page.first - 1, page.top - last, 0);
  if (offset >= page.top) return positionAt(page.epoch, page.top, page.topId);
  const at = page.entries.findIndex((entry) => entry.offset === offset + 1);
  const id = at === 0 ? page.witness : page.entries[at - 1]?.id;
  return positionAt(page.epoch, offset, id);
}

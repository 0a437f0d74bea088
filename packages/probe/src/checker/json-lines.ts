import { type HistoryEvent, isHistoryKind } from "./history.js";

/** One event as a line of JSON, without the line break. */
export function encodeEvent(event: HistoryEvent): string {
  return JSON.stringify(event);
}

/** A history as JSON lines, each ended by a line break. */
export function encodeHistory(events: Iterable<HistoryEvent>): string {
  let text = "";
  for (const event of events) text += `${encodeEvent(event)}\n`;
  return text;
}

/** A history read back, or the first line (counted from 1) that is not an event. */
export type DecodedHistory =
  | { readonly ok: true; readonly events: readonly HistoryEvent[] }
  | { readonly ok: false; readonly line: number; readonly message: string };

/** Reads JSON lines. Checks the stamps and the kind of each event, not its every field. */
export function decodeHistory(text: string): DecodedHistory {
  const events: HistoryEvent[] = [];
  let lastSeq = Number.NEGATIVE_INFINITY;
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue;
    const event = parseEvent(line);
    if (typeof event === "string") return { ok: false, line: index + 1, message: event };
    if (event.seq <= lastSeq) {
      return { ok: false, line: index + 1, message: "`seq` does not grow" };
    }
    lastSeq = event.seq;
    events.push(event);
  }
  return { ok: true, events };
}

function parseEvent(line: string): HistoryEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "not JSON";
  }
  return isEvent(value) ? value : "not an event of a history (`seq`, `atMs`, `kind`)";
}

function isEvent(value: unknown): value is HistoryEvent {
  if (typeof value !== "object" || value === null) return false;
  const event: { seq?: unknown; atMs?: unknown; kind?: unknown } = value;
  return Number.isFinite(event.seq) && Number.isFinite(event.atMs) && isHistoryKind(event.kind);
}

import type { Position } from "./schemas/fields.js";

const grammar = /^([\w-]{1,32}):(\d{1,16}):([\w-]{0,32})$/;

/** Text form of a position, `epoch:offset:id`, for a URL or a store. The inverse of `parsePosition`. */
export function formatPosition(position: Position): string {
  return `${position.epoch}:${position.offset}:${position.id ?? ""}`;
}

/** Reads `epoch:offset:id`; `undefined` when the text is not a position. */
export function parsePosition(text: string): Position | undefined {
  const [, epoch, digits, id] = grammar.exec(text) ?? [];
  const offset = Number(digits);
  if (epoch === undefined || !Number.isSafeInteger(offset)) return undefined;
  return id ? { epoch, offset, id } : { epoch, offset };
}

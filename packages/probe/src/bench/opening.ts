import type { Clock } from "@holdfast/core";
import type { Opened } from "./wire.js";

/** Something that can be opened, and again when it was sent away. */
export type Open = () => Promise<Opened>;

/** Attempts per connection, and connections on their way at a time. */
const maxAttempts = 10;
const maxPending = 200;
/** Connections begun in one step are spread over steps of this length. */
const stepMs = 10;

/** Waits; a rejection is not possible. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, () => resolve()));
}

/**
 * Opens all of them, at most `perSecond` and a bounded number at a time; one that is sent away comes
 * back when it was told to. Settles with the failure codes of those that gave up.
 */
export async function openAll(
  clock: Clock,
  opens: readonly Open[],
  perSecond: number,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const startMs = clock.monoMs();
  let begun = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const open = opens[begun];
      if (open === undefined) return;
      const dueMs = startMs + (begun * 1_000) / perSecond;
      begun += 1;
      const waitMs = dueMs - clock.monoMs();
      if (waitMs >= stepMs) await pause(clock, waitMs);
      const failure = await persist(clock, open);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxPending, opens.length) }, lane));
  return failures;
}

async function persist(clock: Clock, open: Open): Promise<string | undefined> {
  let code = "";
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const opened = await open();
    if (opened.ok) return undefined;
    code = opened.code;
    if (opened.retryAfterMs === undefined) return code;
    await pause(clock, opened.retryAfterMs);
  }
  return code;
}

/** Waits, shorter when everything is to end. */
export type Pause = (ms: number) => Promise<void>;

/** What is acknowledged meanwhile is lost by a failover or a restored copy, which otherwise prove nothing. */
const behindCount = 40;
/** Longest wait for a system that is kept from publishing by its other faults. */
const behindTries = 40;
const behindTryMs = 250;
/** Time for what came last to be handed over. */
const handOverMs = 500;

/** Waits until an engine, which counts what it takes, has taken so much that a copy of it is behind. */
export async function fallBehind(count: () => Promise<number>, pause: Pause): Promise<void> {
  const enough = (await count()) + behindCount;
  for (let tries = 0; tries < behindTries && (await count()) < enough; tries += 1) {
    await pause(behindTryMs);
  }
  await pause(handOverMs);
}

/**
 * Says on standard output what is being done, one plain sentence at a time.
 * @param {string} sentence
 */
export function say(sentence) {
  process.stdout.write(`› ${sentence}\n`);
}

/**
 * Seconds since `startMs`, with one decimal, for the reader.
 * @param {number} startMs as given by `performance.now()`
 */
export function secondsSince(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

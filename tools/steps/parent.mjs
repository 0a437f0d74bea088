/** How often the parent is looked for. */
const lookEveryMs = 500;

/**
 * Ends this process as SIGTERM does once npm is gone. npm hands a signal to the shell between the
 * two, and that ends without a word to what it has started; a Ctrl-C comes to everybody by itself.
 *
 * @param {{ env?: NodeJS.ProcessEnv, parent?: () => number, end?: () => void }} [seams] for tests
 */
export function endWithNpm({
  env = process.env,
  parent = () => process.ppid,
  end = () => process.kill(process.pid, "SIGTERM"),
} = {}) {
  if (env.npm_lifecycle_event === undefined) return;
  const first = parent();
  const timer = setInterval(() => {
    if (parent() === first) return;
    clearInterval(timer);
    end();
  }, lookEveryMs);
  timer.unref();
}

/** How often the parent is looked for. */
const lookEveryMs = 500;

/**
 * Ends this process as SIGTERM does once the one that started it is gone: nobody is left who would
 * hand it a signal, and a server that lives on keeps its port.
 *
 * @param {{ parent?: () => number, end?: () => void }} [seams] for tests
 */
export function endWithParent({
  parent = () => process.ppid,
  end = () => process.kill(process.pid, "SIGTERM"),
} = {}) {
  const first = parent();
  const timer = setInterval(() => {
    if (parent() === first) return;
    clearInterval(timer);
    end();
  }, lookEveryMs);
  timer.unref();
}

/** `endWithParent`, where npm is the parent; a shell may run the two commands in the background. */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event !== undefined) endWithParent();
}

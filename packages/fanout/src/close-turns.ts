/** Sockets closed in one turn of the event loop. */
const MAX_PER_TURN = 128;

let begun = 0;
let armed = false;
let waiting: (() => unknown)[] = [];
let next = 0;

/**
 * Closes at once, or in a later turn of the event loop where very many close in one: all that a close brings with
 * it comes in one go otherwise, before anybody else has a turn, and ten thousand connections that are cut at once
 * are cut in one turn. First come, first served. `wait` is called when it is to be later.
 */
export function closeInTurn(close: () => unknown, wait: () => void): void {
  if (begun < MAX_PER_TURN && waiting.length === 0) {
    begun++;
    close();
  } else {
    wait();
    waiting.push(close);
  }
  arm();
}

function arm(): void {
  if (armed) return;
  armed = true;
  setImmediate(turn);
}

function turn(): void {
  armed = false;
  begun = 0;
  // One that throws, as it would have thrown in the turn it came in, keeps no other from its turn.
  if (waiting.length > 0) arm();
  while (begun < MAX_PER_TURN) {
    const close = waiting[next];
    if (close === undefined) break;
    next++;
    begun++;
    close();
  }
  if (next === waiting.length) {
    waiting = [];
    next = 0;
  }
}

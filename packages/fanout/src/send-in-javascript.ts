import { writeSync, writevSync } from "node:fs";
import type { SendEach } from "./native.js";

/** EBADF. */
const badDescriptor = -9;

/**
 * The native helper's twin: one `write(2)` or `writev(2)` per descriptor. Sockets do not block, so what
 * is not taken at once is reported as such; Node ignores SIGPIPE, so a peer that is gone is an error.
 */
export const sendInJavaScript: SendEach = (count, descriptors, which, parts, ends, taken) => {
  let incomplete = 0;
  let known = -1;
  let list: readonly Uint8Array[] = [];
  let size = 0;
  for (let at = 0; at < count; at++) {
    const number = which[at] ?? 0;
    if (number !== known) {
      known = number;
      list = parts.slice(number === 0 ? 0 : ends[number - 1], ends[number]);
      size = 0;
      for (const part of list) size += part.length;
    }
    const written = write(descriptors[at] ?? -1, list);
    taken[at] = written;
    if (written !== size) incomplete++;
  }
  return incomplete;
};

/** Bytes that were taken, 0 when it would block, or the negative error number. */
function write(descriptor: number, list: readonly Uint8Array[]): number {
  if (descriptor < 0) return badDescriptor;
  const [first] = list;
  try {
    return list.length === 1 && first !== undefined
      ? writeSync(descriptor, first)
      : writevSync(descriptor, list);
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException;
    return code === "EAGAIN" ? 0 : (errno ?? -1);
  }
}

import { readdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";

interface Command {
  /** Where it begins, in bytes. */
  readonly at: number;
  readonly words: readonly string[];
}

/** The commands of an append-only file. */
function* commandsOf(file: Buffer): Iterable<Command> {
  let at = 0;
  const line = (): string => {
    const end = file.indexOf("\r\n", at);
    const text = file.toString("latin1", at, end);
    at = end + 2;
    return text;
  };
  while (at < file.length) {
    const begin = at;
    const head = line();
    if (!head.startsWith("*")) continue;
    const words: string[] = [];
    for (let left = Number(head.slice(1)); left > 0; left -= 1) {
      const length = Number(line().slice(1));
      words.push(file.toString("utf8", at, at + length));
      at += length + 2;
    }
    yield { at: begin, words };
  }
}

/**
 * Cuts a stopped server's append-only file before the step that gave a channel the entry after
 * `upTo`, as a power failure or an asynchronous replica's promotion would: whatever came later is
 * lost with it, whole steps only.
 */
export async function loseSuffix(folder: string, channelKey: string, upTo: number): Promise<void> {
  const files = join(folder, "appendonlydir");
  const name = (await readdir(files)).find((file) => file.endsWith(".incr.aof"));
  if (name === undefined) throw new Error("the server keeps no append-only file");
  const path = join(files, name);
  let step = 0;
  for (const { at, words } of commandsOf(await readFile(path))) {
    if (words[0] === "MULTI") step = at;
    if (words[0] !== "HSET" || words[1] !== channelKey) continue;
    for (let field = 2; field < words.length; field += 2) {
      if (words[field] !== "t" || Number(words[field + 1]) <= upTo) continue;
      await truncate(path, step);
      return;
    }
  }
  throw new Error(`the channel has no entry after ${upTo}`);
}

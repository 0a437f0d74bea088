import { once } from "node:events";
import { link, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { EngineError } from "../../engines.js";

/** The socket in the folder whose being answered is the lock. */
const socketName = "lock.sock";
/** Who holds it, for the message of whoever does not get it. */
const holderName = "lock.json";
const answerTimeoutMs = 2_000;
/** Others that take over the same stale lock at the same moment. */
const maxTries = 5;
/** The address of a Unix socket holds no more (`sun_path`); beyond it the name would be cut. */
const maxSocketPathBytes = 103;

/**
 * Keeps every other process out of a folder. The lock is a Unix socket that listens in it: it goes
 * with its process however that ends, works across containers that share the folder, and whoever
 * comes second learns from a connection that is taken that somebody is there.
 */
export class FolderLock {
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.#folder = folder;
    this.#server = server;
  }

  /** Throws EngineError naming who holds the folder. */
  static async take(folder: string): Promise<FolderLock> {
    const path = join(folder, socketName);
    for (let tries = 0; tries < maxTries; tries += 1) {
      const server = await listen(folder, path);
      if (server !== undefined) {
        await writeFile(join(folder, holderName), JSON.stringify(holderFact()));
        return new FolderLock(folder, server);
      }
      if (await isAnswered(path)) throw new EngineError(await heldMessage(folder));
      await removeStale(folder, path);
    }
    throw new EngineError(`${folder} is being taken by several processes at once; start one.`);
  }

  async release(): Promise<void> {
    await rm(join(this.#folder, holderName), { force: true });
    this.#server.close();
    await once(this.#server, "close");
    await rm(join(this.#folder, socketName), { force: true });
  }
}

/** Names given by this process, so that two takers within it do not share one. */
let names = 0;

const holderFact = () => ({ pid: process.pid, host: hostname(), since: new Date().toISOString() });

/** Listens under a name of its own and moves that into place, where there is nothing yet; undefined: there is. */
async function listen(folder: string, path: string): Promise<Server | undefined> {
  names += 1;
  const own = join(folder, `lock.${process.pid}.${names}.sock`);
  if (Buffer.byteLength(own) > maxSocketPathBytes) {
    throw new EngineError(
      `${folder} is too long a path for its lock (a Unix socket); choose one of at most ${maxSocketPathBytes - 20} bytes.`,
    );
  }
  await rm(own, { force: true });
  const server = createServer((socket) => socket.destroy());
  server.unref();
  server.listen(own);
  await once(server, "listening");
  try {
    await link(own, path);
    return server;
  } catch (cause) {
    server.close();
    if (isCode(cause, "EEXIST")) return undefined;
    throw cause;
  } finally {
    await rm(own, { force: true });
  }
}

/** Whether a process listens there; one that is stopped does too. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(answerTimeoutMs, () => settle(true));
    socket.once("connect", () => settle(true));
    socket.once("error", (error) => settle(!isCode(error, "ECONNREFUSED", "ENOENT")));
  });
}

/** Takes the socket of a dead process away. Of several that try only one moves it, and looks again what it moved. */
async function removeStale(folder: string, path: string): Promise<void> {
  names += 1;
  const aside = join(folder, `lock.${process.pid}.${names}.stale`);
  try {
    await rename(path, aside);
  } catch (cause) {
    if (isCode(cause, "ENOENT")) return;
    throw cause;
  }
  if (await isAnswered(aside)) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}

async function heldMessage(folder: string): Promise<string> {
  const text = await readFile(join(folder, holderName), "utf8").catch(() => "{}");
  const { pid, host, since } = parseHolder(text);
  const who = pid === undefined ? "another process" : `process ${pid} on ${host} (since ${since})`;
  return (
    `${folder} is in use by ${who}. One process at a time owns a file store: ` +
    "stop that one, choose another folder, or use a broker that several gateways can share."
  );
}

function parseHolder(text: string): { pid?: number; host?: string; since?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

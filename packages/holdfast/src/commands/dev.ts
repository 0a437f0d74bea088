import { integer, type OptionValues } from "@holdfast/core";
import type { Command, Terminal } from "../cli/command.js";
import { unknownName } from "../config/names.js";
import { UsageError } from "../config/usage-error.js";
import { clientValues } from "./client-values.js";

const flags = {
  port: integer(0, {
    unit: "",
    min: 0,
    max: 65_535,
    description: "TCP port of the loopback interface; 0 picks a free one.",
  }),
} as const;

/** A server for trying out. */
interface LocalServer {
  readonly url: string;
  /** Settles when it ended by itself. */
  readonly exited: Promise<void>;
  close(): Promise<void>;
}

/** What can be started, by the name of the engine; rejects where its binary is missing. */
const servers: Readonly<Record<string, (port: number) => Promise<LocalServer>>> = {
  nats: async (wanted) => {
    const { NatsServer } = await import("@holdfast/nats/local");
    const server = await NatsServer.start({
      syncAlways: false,
      ...(wanted !== 0 && { port: wanted }),
    });
    return { url: server.url, exited: server.exited, close: () => server.dispose() };
  },
  redis: async (wanted) => {
    const { freePort, RedisServer } = await import("@holdfast/redis/local");
    const port = wanted === 0 ? await freePort() : wanted;
    const server = await RedisServer.start({ port });
    return {
      url: `redis://127.0.0.1:${port}`,
      exited: server.exited,
      close: () => server.dispose(),
    };
  },
};

/** `holdfast dev`: a local server of an engine, for trying out. */
export const devCommand: Command = {
  name: "dev",
  usage: "nats|redis [--port 6379]",
  operands: ["engine"],
  summary: "Starts a local server for an engine, to try it out.",
  details: [
    "Its binary (nats-server, redis-server) must be installed. It listens on the loopback interface only, keeps nothing, and ends with the command.",
  ],
  examples: ["holdfast dev redis", "holdfast dev nats"],
  options: flags,
  run: async (terminal, args) => {
    const { port }: OptionValues<typeof flags> = clientValues(flags, [], terminal, args);
    const [name = ""] = args.positionals;
    const start = Object.hasOwn(servers, name) ? servers[name] : undefined;
    if (start === undefined)
      throw new UsageError(unknownName("engine", name, Object.keys(servers)));
    return await serve(terminal, name, () => start(port));
  },
};

async function serve(
  terminal: Terminal,
  name: string,
  start: () => Promise<LocalServer>,
): Promise<number> {
  let server: LocalServer;
  try {
    server = await start();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    terminal.note(`${detail}. Is ${name}-server installed, and is the port free?`);
    return 1;
  }
  terminal.print(server.url);
  terminal.note(`holdfast serve --dev --broker ${server.url}`);
  const stopped = new Promise<number>((resolve) => {
    const { stopped: signal } = terminal;
    if (signal.aborted) resolve(0);
    else signal.addEventListener("abort", () => resolve(0), { once: true });
  });
  const code = await Promise.race([stopped, server.exited.then(() => 1)]);
  if (code !== 0) terminal.note(`The ${name} server has ended by itself.`);
  await server.close();
  return code;
}

import { ServerHarness } from "@holdfast/broker/testing";
import { createRedisBroker, type RedisBrokerOptions } from "../broker.js";
import { Keys } from "../keys.js";
import type { RedisLink } from "../link.js";
import { RedisServer } from "../local/redis_server.js";
import { ClockShift } from "./clock_shift.js";
import { loseSuffix } from "./lost_suffix.js";

/** A server that shares the test's idea of time, and keeps everything it acknowledged. */
export class ShiftedServer {
  readonly server: RedisServer;
  readonly shift: ClockShift;

  private constructor(server: RedisServer, shift: ClockShift) {
    this.server = server;
    this.shift = shift;
  }

  static async start(): Promise<ShiftedServer> {
    const env: Record<string, string> = {};
    const server = new RedisServer({
      args: ["--appendonly", "yes", "--appendfsync", "always"],
      env,
    });
    const shift = new ClockShift(server.folder);
    Object.assign(env, shift.env);
    await server.start();
    return new ShiftedServer(server, shift);
  }

  async dispose(): Promise<void> {
    await this.server.dispose();
  }
}

const partitions = 256;

/** A fresh store on a running server, for the conformance suite: a prefix of its own. */
export class RedisHarness extends ServerHarness<RedisLink> {
  constructor(
    { server, shift }: ShiftedServer,
    number: number,
    options: Partial<RedisBrokerOptions> = {},
    parameters = "",
  ) {
    const prefix = `t${number}:`;
    super(
      {
        brokerAt: (port, parts) =>
          createRedisBroker({
            maxReconnectDelayMs: 20,
            commandTimeoutMs: 2_000,
            partitions,
            ...options,
            url: `redis://127.0.0.1:${port}?prefix=${prefix}${parameters}`,
            ...parts,
          }),
        server,
        target: () => server.socketPath,
        stepMs: 500,
        passes: (ms) => shift.by(ms),
        async loseSuffix(channel, count, restart) {
          const key = new Keys(prefix, partitions).channel(channel);
          const top = Number(await server.ask("HGET", key, "t"));
          await restart(() => loseSuffix(server.folder, key, top - count));
        },
        async wipe() {
          await server.ask("FLUSHALL");
        },
      },
      number,
    );
  }
}

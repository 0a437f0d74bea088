import type { BrokerListener } from "@holdfast/broker";
import type { Ability, BrokerHarness } from "@holdfast/broker/testing";
import { SeededRandom } from "@holdfast/core/testing";
import { createRedisBroker, type RedisBrokerOptions } from "../broker.js";
import { Keys } from "../keys.js";
import type { RedisLink } from "../link.js";
import { RedisServer } from "../local/redis_server.js";
import { ClockShift } from "./clock_shift.js";
import { DrivenClock } from "./driven_clock.js";
import { loseSuffix } from "./lost_suffix.js";
import { BreakableProxy } from "./proxy.js";

/** What the harness can do to a server it has started. */
export const abilities: readonly Ability[] = [
  "clock",
  "crash",
  "cutRelay",
  "loseSuffix",
  "pause",
  "pauseOne",
  "restart",
  "wait",
  "wipe",
];

const stepMs = 500;
const patienceMs = 10_000;

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

interface Linked {
  readonly gateway: string;
  readonly proxy: BreakableProxy;
  deaf: boolean;
}

/** Rounds until what one answer set off has come to rest. */
const settleRounds = 3;

/** A fresh store on a running server, for the conformance suite: a prefix of its own. */
export class RedisHarness implements BrokerHarness {
  readonly broker: BrokerHarness["broker"];
  readonly faults: BrokerHarness["faults"];
  readonly clock = new DrivenClock();
  readonly #shifted: ShiftedServer;
  readonly #prefix: string;
  readonly #options: Partial<RedisBrokerOptions>;
  readonly #parameters: string;
  readonly #links = new Map<RedisLink, Linked>();
  readonly #random: SeededRandom;

  constructor(
    shifted: ShiftedServer,
    number: number,
    options: Partial<RedisBrokerOptions> = {},
    parameters = "",
  ) {
    this.#shifted = shifted;
    this.#prefix = `t${number}:`;
    this.#options = options;
    this.#parameters = parameters;
    this.#random = new SeededRandom(number);
    const { capabilities } = this.#brokerAt(1);
    this.broker = {
      capabilities,
      connect: (gateway, listener) => this.#connect(gateway, listener),
      close: () => this.dispose(),
    };
    this.faults = {
      crash: (gateway) => this.#crash(gateway),
      cutRelay: (gateway) =>
        this.#of(gateway, (linked) => {
          linked.deaf = true;
          linked.proxy.cut(1);
        }),
      mendRelay: (gateway) => this.#mendRelay(gateway),
      loseSuffix: (channel, count) => this.#loseSuffix(channel, count),
      pause: (gateway) => (gateway === undefined ? this.#pause() : this.#cutOff(gateway)),
      resume: (gateway) => (gateway === undefined ? this.#resume() : this.#reconnect(gateway)),
      restart: () => this.#restart(async () => {}),
      wipe: async () => void (await this.#shifted.server.ask("FLUSHALL")),
    };
  }

  /** Lets time pass here and there, a little at a time, so that answers come as they would. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      const step = Math.min(left, stepMs);
      this.#shifted.shift.by(step);
      this.clock.advance(step);
      await this.settle();
    }
  }

  async settle(): Promise<void> {
    for (let round = 0; round < settleRounds; round += 1) {
      await Promise.all(
        // By a connection that was cut nothing comes to rest; the other one still answers.
        [...this.#links].map(([link, { deaf }]) => (deaf ? link.changes(0, "") : link.settle())),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async dispose(): Promise<void> {
    for (const [link, { proxy }] of this.#links) {
      await link.close();
      proxy.close();
    }
    this.#links.clear();
    await this.#shifted.server.ask("FLUSHALL");
  }

  #brokerAt(port: number) {
    return createRedisBroker({
      maxReconnectDelayMs: 20,
      commandTimeoutMs: 2_000,
      ...this.#options,
      url: `redis://127.0.0.1:${port}?prefix=${this.#prefix}${this.#parameters}`,
      clock: this.clock,
      random: this.#random,
    });
  }

  async #connect(gateway: string, listener: BrokerListener): Promise<RedisLink> {
    const proxy = await BreakableProxy.to(this.#shifted.server.socketPath);
    const link = await this.#brokerAt(proxy.port).connect(gateway, listener);
    this.#links.set(link, { gateway, proxy, deaf: false });
    return link;
  }

  async #crash(gateway: string): Promise<void> {
    for (const [link, linked] of this.#links) {
      if (linked.gateway !== gateway) continue;
      await link.settle();
      link.crash();
      linked.proxy.close();
      this.#links.delete(link);
    }
  }

  #of(gateway: string | undefined, act: (linked: Linked) => void): void {
    for (const linked of this.#links.values()) {
      if (gateway === undefined || linked.gateway === gateway) act(linked);
    }
  }

  async #mendRelay(gateway: string | undefined): Promise<void> {
    this.#of(gateway, (linked) => {
      linked.deaf = false;
      linked.proxy.mend();
    });
    await this.settle();
  }

  async #pause(): Promise<void> {
    this.#shifted.server.kill("SIGSTOP");
    await this.#until(() => [...this.#links.keys()].every((link) => !link.available));
  }

  async #resume(): Promise<void> {
    this.#shifted.server.kill("SIGCONT");
    await this.#back();
  }

  async #cutOff(gateway: string): Promise<void> {
    this.#of(gateway, (linked) => {
      linked.deaf = true;
      linked.proxy.cut();
    });
    await this.#until(() => [...this.#links].every(([link, { deaf }]) => link.available !== deaf));
  }

  async #reconnect(gateway: string): Promise<void> {
    this.#of(gateway, (linked) => {
      linked.deaf = false;
      linked.proxy.mend();
    });
    await this.#back();
  }

  async #back(): Promise<void> {
    await this.#until(() => [...this.#links.keys()].every((link) => link.available));
    await this.settle();
  }

  async #restart(meanwhile: () => Promise<void>): Promise<void> {
    await this.#shifted.server.crash();
    await meanwhile();
    await this.#until(() => [...this.#links.keys()].every((link) => !link.available));
    await this.#shifted.server.start();
    await this.#back();
  }

  async #loseSuffix(channel: string, count: number): Promise<void> {
    const { server } = this.#shifted;
    const { partitions } = this.broker.capabilities;
    const key = new Keys(this.#prefix, partitions).channel(channel);
    const top = Number(await server.ask("HGET", key, "t"));
    await this.#restart(() => loseSuffix(server.folder, key, top - count));
  }

  /** Waits for what only real connections bring about, while time passes for their heartbeats. */
  async #until(come: () => boolean): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    while (!come()) {
      if (performance.now() > untilMs) throw new Error("it did not come about");
      this.clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

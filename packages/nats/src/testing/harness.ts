import type { BrokerListener } from "@holdfast/broker";
import type { Ability, BrokerHarness } from "@holdfast/broker/testing";
import { SeededRandom } from "@holdfast/core/testing";
import { createNatsBroker, type NatsBrokerOptions } from "../broker.js";
import type { ChannelOp } from "../channels/ops.js";
import type { Envelope } from "../journal/envelope.js";
import type { NatsLink } from "../link.js";
import type { NatsServer } from "../local/nats_server.js";
import { Subjects } from "../subjects.js";
import { DrivenClock } from "./driven_clock.js";
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

/** Short enough for heartbeats to be answered in time. */
const stepMs = 1_000;
const patienceMs = 15_000;
const streams = 2;

interface Linked {
  readonly gateway: string;
  readonly proxy: BreakableProxy;
  deaf: boolean;
}

/** Rounds until what one answer set off has come to rest. */
const settleRounds = 3;

/** A fresh store on a running server, for the conformance suite: a prefix of its own. */
export class NatsHarness implements BrokerHarness {
  readonly broker: BrokerHarness["broker"];
  readonly faults: BrokerHarness["faults"];
  readonly clock = new DrivenClock();
  readonly #server: NatsServer;
  readonly #prefix: string;
  readonly #options: Partial<NatsBrokerOptions>;
  readonly #links = new Map<NatsLink, Linked>();
  readonly #random: SeededRandom;

  constructor(server: NatsServer, number: number, options: Partial<NatsBrokerOptions> = {}) {
    this.#server = server;
    this.#prefix = `t${number}`;
    this.#options = options;
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
      restart: () => this.#restart(),
      wipe: () => this.#wipe(),
    };
  }

  /** Lets time pass, a little at a time, so that answers come as they would. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs));
      await this.#round();
    }
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let round = 0; round < settleRounds; round += 1) await this.#round();
  }

  async dispose(): Promise<void> {
    for (const [link, { proxy }] of this.#links) {
      await link.close();
      proxy.close();
    }
    this.#links.clear();
    await this.#wipe();
  }

  async #round(): Promise<void> {
    await Promise.all(
      // By a connection that was cut nothing comes to rest; the other one still answers.
      [...this.#links].map(([link, { deaf }]) => (deaf ? link.changes(0, "") : link.settle())),
    );
    await new Promise((resolve) => setImmediate(resolve));
  }

  #brokerAt(port: number) {
    return createNatsBroker({
      maxReconnectDelayMs: 20,
      commandTimeoutMs: 2_000,
      connectTimeoutMs: 1_000,
      streams,
      ...this.#options,
      url: `nats://127.0.0.1:${port}?prefix=${this.#prefix}&discover=no`,
      clock: this.clock,
      random: this.#random,
    });
  }

  async #connect(gateway: string, listener: BrokerListener): Promise<NatsLink> {
    const proxy = await BreakableProxy.through(() => this.#server.port);
    const link = await this.#brokerAt(proxy.port).connect(gateway, listener);
    this.#links.set(link, { gateway, proxy, deaf: false });
    return link;
  }

  async #crash(gateway: string): Promise<void> {
    for (const [link, linked] of this.#links) {
      if (linked.gateway !== gateway) continue;
      await link.settle();
      await link.crash();
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
    this.#server.kill("SIGSTOP");
    await this.#until(() => [...this.#links.keys()].every((link) => !link.available));
  }

  async #resume(): Promise<void> {
    this.#server.kill("SIGCONT");
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

  async #restart(): Promise<void> {
    await this.#server.crash();
    await this.#until(() => [...this.#links.keys()].every((link) => !link.available));
    await this.#server.start();
    await this.#back();
  }

  async #wipe(): Promise<void> {
    for (let stream = 0; stream < streams; stream += 1) {
      await this.#server.ask(`STREAM.DELETE.${this.#prefix}-${stream}`);
    }
  }

  /** What a crash takes whose last writes had not reached the disk: the channel's newest messages. */
  async #loseSuffix(channel: string, count: number): Promise<void> {
    const { partitions } = this.broker.capabilities;
    const { stream, subject } = new Subjects(this.#prefix, partitions, streams).journal(
      channel,
      "c",
    );
    const name = `${this.#prefix}-${stream}`;
    let query: object = { last_by_subj: subject };
    for (let lost = 0; lost < count; ) {
      const answer = await this.#server.ask(`STREAM.MSG.GET.${name}`, query);
      const { message } = answer as { message?: { seq: number; data: string } };
      if (message === undefined) throw new Error(`the channel has no ${count} entries`);
      const envelope: Envelope = JSON.parse(Buffer.from(message.data, "base64").toString("utf8"));
      lost += (envelope.o as ChannelOp[]).filter((op) => op[0] === "a").length;
      await this.#server.ask(`STREAM.MSG.DELETE.${name}`, { seq: message.seq });
      query = { seq: envelope.l };
    }
    await this.#restart();
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

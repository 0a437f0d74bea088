import type { Clock, Random } from "@holdfast/core";
import { SeededRandom } from "@holdfast/core/testing";
import type { BrokerLink, BrokerListener, Maybe } from "../../contract.js";
import type { Ability, BrokerHarness } from "../harness.js";
import { BreakableProxy } from "./breakable-proxy.js";
import { DrivenClock } from "./driven-clock.js";

/** What the harness can do to a server it has been given. */
export const serverAbilities: readonly Ability[] = [
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

/** A link as the harness needs it: what it knows of its connections. */
export interface HarnessedLink extends BrokerLink {
  readonly available: boolean;
  /** Settles when everything sent before has come by the relay. */
  settle(): Promise<void>;
  /** Ends without a word, as a killed process does. */
  crash(): Maybe<void>;
}

/** The engine under test and what is particular to its server. */
export interface HarnessedEngine<Link extends HarnessedLink> {
  /** An engine whose server is at a port of the loopback interface. */
  brokerAt(
    port: number,
    parts: { readonly clock: Clock; readonly random: Random },
  ): {
    readonly capabilities: BrokerHarness["broker"]["capabilities"];
    connect(gateway: string, listener: BrokerListener): Promise<Link>;
  };
  readonly server: {
    kill(signal: NodeJS.Signals): void;
    crash(): Promise<void>;
    start(): Promise<void>;
  };
  /** Where the server is: a port of the loopback interface, or a socket of the file system. */
  readonly target: () => number | string;
  /** Time that passes in one go, in milliseconds: short enough for heartbeats to be answered in time. */
  readonly stepMs: number;
  /** Lets the server's own time pass. */
  passes?(ms: number): void;
  /** Takes a channel's newest entries from the server, which `restart` ends, changes and starts. */
  loseSuffix(
    channel: string,
    count: number,
    restart: (meanwhile?: () => Promise<void>) => Promise<void>,
  ): Promise<void>;
  wipe(): Promise<void>;
}

interface Linked {
  readonly gateway: string;
  readonly proxy: BreakableProxy;
  deaf: boolean;
}

/** Rounds until what one answer set off has come to rest. */
const settleRounds = 3;
/** Longest real wait for what connections bring about. */
const patienceMs = 60_000;

/** A fresh store on a running server, for the conformance suite: its links pass a proxy that can break. */
export class ServerHarness<Link extends HarnessedLink> implements BrokerHarness {
  readonly broker: BrokerHarness["broker"];
  readonly faults: BrokerHarness["faults"];
  readonly clock = new DrivenClock();
  readonly #engine: HarnessedEngine<Link>;
  readonly #links = new Map<Link, Linked>();
  readonly #random: Random;

  constructor(engine: HarnessedEngine<Link>, seed: number) {
    this.#engine = engine;
    this.#random = new SeededRandom(seed);
    this.broker = {
      capabilities: this.#brokerAt(1).capabilities,
      connect: (gateway, listener) => this.#connect(gateway, listener),
      close: () => this.dispose(),
    };
    this.faults = {
      crash: (gateway) => this.#crash(gateway),
      cutRelay: (gateway) => this.#cut(gateway, 1),
      mendRelay: async (gateway) => {
        this.#mend(gateway);
        await this.settle();
      },
      loseSuffix: (channel, count) =>
        engine.loseSuffix(channel, count, (meanwhile) => this.#restart(meanwhile)),
      pause: (gateway) => this.#pause(gateway),
      resume: async (gateway) => {
        if (gateway === undefined) engine.server.kill("SIGCONT");
        else this.#mend(gateway);
        await this.#back();
      },
      restart: () => this.#restart(),
      wipe: () => engine.wipe(),
    };
  }

  /** Lets time pass here and there, a little at a time, so that answers come as they would. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= this.#engine.stepMs) {
      const step = Math.min(left, this.#engine.stepMs);
      this.#engine.passes?.(step);
      this.clock.advance(step);
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
    await this.#engine.wipe();
  }

  #brokerAt(port: number) {
    return this.#engine.brokerAt(port, { clock: this.clock, random: this.#random });
  }

  async #connect(gateway: string, listener: BrokerListener): Promise<Link> {
    const proxy = await BreakableProxy.through(this.#engine.target);
    const link = await this.#brokerAt(proxy.port).connect(gateway, listener);
    this.#links.set(link, { gateway, proxy, deaf: false });
    return link;
  }

  async #round(): Promise<void> {
    await Promise.all(
      // By a connection that was cut nothing comes to rest; the other one still answers.
      [...this.#links].map(([link, { deaf }]) => (deaf ? link.changes(0, "") : link.settle())),
    );
    await new Promise((resolve) => setImmediate(resolve));
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

  #of(gateway: string | undefined): Linked[] {
    const all = [...this.#links.values()];
    return gateway === undefined ? all : all.filter((linked) => linked.gateway === gateway);
  }

  /** Breaks connections, those numbered `from` and later in order of opening. */
  #cut(gateway: string | undefined, from = 0): void {
    for (const linked of this.#of(gateway)) {
      linked.deaf = true;
      linked.proxy.cut(from);
    }
  }

  #mend(gateway: string | undefined): void {
    for (const linked of this.#of(gateway)) {
      linked.deaf = false;
      linked.proxy.mend();
    }
  }

  async #pause(gateway: string | undefined): Promise<void> {
    if (gateway === undefined) {
      this.#engine.server.kill("SIGSTOP");
      await this.#gone();
      return;
    }
    this.#cut(gateway);
    await this.#until(() => [...this.#links].every(([link, { deaf }]) => link.available !== deaf));
  }

  async #restart(meanwhile?: () => Promise<void>): Promise<void> {
    await this.#engine.server.crash();
    await meanwhile?.();
    await this.#gone();
    await this.#engine.server.start();
    await this.#back();
  }

  #gone(): Promise<void> {
    return this.#until(() => [...this.#links.keys()].every((link) => !link.available));
  }

  async #back(): Promise<void> {
    await this.#until(() => [...this.#links.keys()].every((link) => link.available));
    await this.settle();
  }

  /** Waits for what only real connections bring about, while time passes for their heartbeats. */
  async #until(come: () => boolean): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    while (!come()) {
      if (performance.now() > untilMs) throw new Error("it did not come about");
      this.clock.advance(this.#engine.stepMs);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

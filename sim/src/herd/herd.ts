import { createMemoryBroker } from "@holdfast/broker";
import { type Client, createClient } from "@holdfast/client/internal";
import { defaultsOf } from "@holdfast/core";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { settings } from "@holdfast/gateway";
import type { AnyContract } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { Door, type DoorWatch } from "./door.js";
import { Rate } from "./rate.js";

/** How a herd comes to be. */
export interface HerdPlan {
  readonly seed: number;
  readonly clients: number;
  /** As many gateways end as take their place. */
  readonly gateways: number;
  /** How the old gateways end: all at the same instant without a word, or with farewells. */
  readonly end: "kill" | "drain";
  /** Connections one gateway takes per second. */
  readonly acceptsPerSecond: number;
  /** Resumes from history one gateway begins per second. */
  readonly resumesPerSecond: number;
}

/** What came of it. Rates are those of one gateway; the highest counts. */
export interface HerdFigures {
  readonly clients: number;
  readonly gateways: number;
  readonly end: HerdPlan["end"];
  readonly acceptsPerSecond: number;
  readonly resumesPerSecond: number;
  /** Tries that were made, and those of them that were turned away at the door. */
  readonly dials: number;
  readonly turnedAway: number;
  /** Turned away without being told when to come back. */
  readonly withoutAdvice: number;
  /** Subscribes that were told when to ask again. */
  readonly resumesPutOff: number;
  /** Most connections one gateway took within one second, and in the first of them. */
  readonly peakAccepts: number;
  readonly peakResumes: number;
  /** From the first farewell until half of the clients, 99 % and all of them stood where they had stood, in milliseconds. */
  readonly halfBackMs: number;
  readonly nearlyAllBackMs: number;
  readonly allBackMs: number;
  /** Subscriptions that were told of a reset; nothing was lost, so none is due. */
  readonly resets: number;
}

const latencyMs = 20;
/** Subscribers of one channel. */
const clientsPerChannel = 50;
/** The run is given up when not everybody is back by then. */
const patienceMs = 120_000;
const drainMs = 10_000;
const gatheringMs = 5_000;

/** Runs a herd from the end of the old gateways until everybody is back. */
export async function runHerd(plan: HerdPlan): Promise<HerdFigures> {
  const herd = new Herd(plan);
  await herd.gather();
  await herd.scatter();
  return herd.figures();
}

class Herd {
  readonly #plan: HerdPlan;
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #broker;
  readonly #clients: Client<AnyContract>[] = [];
  #doors: Door[] = [];
  #scattered = false;
  #begun = 0;
  #dials = 0;
  #turnedAway = 0;
  #withoutAdvice = 0;
  #resumesPutOff = 0;
  #resets = 0;
  readonly #accepts = new Map<string, Rate>();
  readonly #resumes = new Map<string, Rate>();
  readonly #backAtMs: number[] = [];

  constructor(plan: HerdPlan) {
    this.#plan = plan;
    this.#random = new SeededRandom(plan.seed);
    this.#broker = createMemoryBroker({ clock: this.#clock, random: this.#random.fork() });
  }

  /** Everybody connects and subscribes, at leisure. */
  async gather(): Promise<void> {
    const { clients, gateways } = this.#plan;
    const many = 1_000_000;
    await this.#openDoors("old", gateways, many, many);
    for (let index = 0; index < clients; index += 1) this.#join(index);
    await this.#clock.advanceAsync(gatheringMs);
    if (this.#begun < clients) {
      throw new Error(`only ${this.#begun} of ${clients} clients are subscribed`);
    }
  }

  async scatter(): Promise<void> {
    const { clients, end, gateways, acceptsPerSecond, resumesPerSecond } = this.#plan;
    const old = this.#doors;
    this.#scattered = true;
    await this.#openDoors("new", gateways, acceptsPerSecond, resumesPerSecond);
    const startMs = this.#clock.monoMs();
    for (const door of old) {
      if (end === "kill") door.kill();
      else door.drain(drainMs);
    }
    this.#publishEverywhere(end === "kill" ? 1 : drainMs);
    while (this.#backAtMs.length < clients) {
      await this.#clock.advanceAsync(1_000);
      if (this.#clock.monoMs() - startMs > patienceMs) break;
    }
    this.#startMs = startMs;
  }

  #startMs = 0;

  figures(): HerdFigures {
    const { clients, gateways, end, acceptsPerSecond, resumesPerSecond } = this.#plan;
    const backMs = (share: number) =>
      (this.#backAtMs[Math.ceil(clients * share) - 1] ?? Number.POSITIVE_INFINITY) - this.#startMs;
    const peak = (rates: ReadonlyMap<string, Rate>) =>
      Math.max(0, ...[...rates.values()].map((rate) => rate.peak));
    return {
      clients,
      gateways,
      end,
      acceptsPerSecond,
      resumesPerSecond,
      dials: this.#dials,
      turnedAway: this.#turnedAway,
      withoutAdvice: this.#withoutAdvice,
      resumesPutOff: this.#resumesPutOff,
      peakAccepts: peak(this.#accepts),
      peakResumes: peak(this.#resumes),
      halfBackMs: backMs(0.5),
      nearlyAllBackMs: backMs(0.99),
      allBackMs: backMs(1),
      resets: this.#resets,
    };
  }

  async #openDoors(
    kind: string,
    count: number,
    acceptsPerSecond: number,
    resumesPerSecond: number,
  ): Promise<void> {
    const watch: DoorWatch = {
      taken: (door) => this.#count(this.#accepts, door),
      turnedAway: (waitMs) => {
        this.#turnedAway += 1;
        if (waitMs === undefined) this.#withoutAdvice += 1;
      },
      resumed: (door) => this.#count(this.#resumes, door),
      putOff: () => {
        this.#resumesPutOff += 1;
      },
    };
    this.#doors = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        Door.open(
          {
            name: `${kind}-${index}`,
            clock: this.#clock,
            random: this.#random.fork(),
            broker: this.#broker,
            settings: {
              ...defaultsOf(settings),
              maxConnections: 1_000_000,
              acceptsPerSecond,
              resumesPerSecond,
            },
            latencyMs,
          },
          watch,
        ),
      ),
    );
  }

  #join(index: number): void {
    const channel = `room:${Math.floor(index / clientsPerChannel)}`;
    const client: Client<AnyContract> = createClient({
      url: "ws://balancer/ws",
      clock: this.#clock,
      random: this.#random.fork(),
      codec: jsonCodec,
      jumpCheckMs: 0,
      openSocket: (_url, _subprotocols, events) => {
        if (this.#scattered) this.#dials += 1;
        return this.#random.pick(this.#doors).dial(events);
      },
    });
    this.#clients.push(client);
    let [hasHeard, hasResumed] = [false, false];
    const note = () => {
      if (hasHeard && hasResumed) this.#backAtMs.push(this.#clock.monoMs());
    };
    const subscribed = client.channel(channel).subscribe({
      onPublication: () => {
        hasHeard = true;
        note();
      },
      onReset: () => {
        this.#resets += 1;
      },
    });
    void subscribed.then((subscription) => {
      this.#begun += 1;
      subscription.on("subscribed", ({ resumed }) => {
        hasResumed = resumed;
        note();
      });
    });
  }

  /** Each channel gets one publication while its subscribers are away, so that they have something to catch up with. */
  #publishEverywhere(withinMs: number): void {
    const link = this.#broker.connect("publisher", {
      onEntry: () => {},
      onEphemeral: () => {},
      onPresence: () => {},
      onRelayGap: () => {},
      onAvailability: () => {},
      onCommand: () => {},
    });
    const timeMs = this.#clock.wallMs();
    const history = { maxCount: 100, maxBytes: 100_000, maxAgeMs: 600_000 };
    for (let index = 0; index < this.#plan.clients; index += clientsPerChannel) {
      const channel = `room:${index / clientsPerChannel}`;
      this.#clock.after(1 + this.#random.int(withinMs), () => {
        link.publish({ channel, data: "while you were away", timeMs, history });
      });
    }
  }

  #count(rates: Map<string, Rate>, door: string): void {
    if (!this.#scattered) return;
    let rate = rates.get(door);
    if (rate === undefined) {
      rate = new Rate();
      rates.set(door, rate);
    }
    rate.add(this.#clock.monoMs());
  }
}

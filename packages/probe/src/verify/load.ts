import type { Clock, Random, Timer } from "@holdfast/core";
import type { ProbeClient, Published } from "./probe-client.js";

/** What the load needs of its run. */
export interface LoadOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly clients: readonly ProbeClient[];
  readonly channels: readonly string[];
  readonly publishesPerSecond: number;
  readonly dropsPerSecond: number;
  /** true: nothing more fits into the recording. */
  readonly full: () => boolean;
  /** false: the client has no permission, and what it publishes would only tell of that. */
  readonly isPermitted: (client: ProbeClient) => boolean;
  /** The channel has state, which is read over HTTP now and then. */
  readonly hasState: (channel: string) => boolean;
}

const tickMs = 25;
/** After a pause of the process itself the load does not make up for more than this. */
const maxLagMs = 250;
const readsPerSecond = 10;
/** Publishes one client leaves unanswered before it makes no more. */
const maxPendingPerClient = 64;
/** Publishes handed over in one go, so that several are on the way at once. */
const burst = 3;
const burstChance = 0.1;
const repeatChance = 0.05;
const compareChance = 0.03;

/** Publishes, reads and loses connections by chance, at given rates. */
export class Load {
  readonly #options: LoadOptions;
  #timer: Timer | undefined;
  #lastMs = 0;
  #publishesDue = 0;
  #readsDue = 0;
  #dropsDue = 0;
  /** The recording's room ended the load early. */
  stoppedEarly = false;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lastMs = this.#options.clock.monoMs();
    this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(tickMs, () => {
      this.#tick();
      if (this.#options.full()) this.stoppedEarly = true;
      else this.#schedule();
    });
  }

  #tick(): void {
    const { clock, publishesPerSecond, dropsPerSecond } = this.#options;
    const nowMs = clock.monoMs();
    const seconds = Math.min(maxLagMs, nowMs - this.#lastMs) / 1_000;
    this.#lastMs = nowMs;
    this.#publishesDue += publishesPerSecond * seconds;
    this.#readsDue += readsPerSecond * seconds;
    this.#dropsDue += dropsPerSecond * seconds;
    while (this.#publishesDue >= 1) this.#publishesDue -= this.#publish();
    for (; this.#readsDue >= 1; this.#readsDue -= 1) this.#read();
    for (; this.#dropsDue >= 1; this.#dropsDue -= 1) this.#client().cut();
  }

  /** How many publishes it began. */
  #publish(): number {
    const { random } = this.#options;
    const client = this.#client();
    if (client.ending !== undefined || client.pending >= maxPendingPerClient) return 1;
    if (!this.#options.isPermitted(client)) return 1;
    const channel = this.#channel();
    const count = random.next() < burstChance ? burst : 1;
    for (let n = 0; n < count; n += 1) void this.#publishOne(client, channel);
    return count;
  }

  async #publishOne(client: ProbeClient, channel: string): Promise<void> {
    const { random } = this.#options;
    const known = client.position(channel)?.offset;
    const compare = known !== undefined && random.next() < compareChance;
    const first = await client.publish(channel, compare ? { expectedOffset: known } : {});
    if (first.ok && !compare && random.next() < repeatChance) this.#repeat(client, channel, first);
  }

  #read(): void {
    const client = this.#client();
    const channel = this.#channel();
    if (this.#options.hasState(channel)) void client.readState(channel);
    else void client.read(channel);
  }

  /** As an application does that has forgotten that it was told. */
  #repeat(client: ProbeClient, channel: string, { token, key }: Published): void {
    if (this.#timer !== undefined) void client.publish(channel, { token, key });
  }

  #client(): ProbeClient {
    return pick(this.#options.clients, this.#options.random);
  }

  #channel(): string {
    return pick(this.#options.channels, this.#options.random);
  }
}

function pick<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random.next() * items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

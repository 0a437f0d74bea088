import { type Client, createClient, type OpenSocket } from "@holdfast/client/internal";
import type { AnyContract } from "@holdfast/protocol";
import { channelName, channelsOf } from "./audience.js";
import { type Open, openAll } from "./opening.js";
import { connectionsOf } from "./settings.js";
import type { Opened } from "./wire.js";
import type { Work, WorkOptions } from "./work.js";

/** One real client, and what it still has to get. */
interface Survivor {
  readonly client: Client<AnyContract>;
  readonly cut: () => void;
  /** Publications of all its channels that it has not got yet. */
  missing: number;
}

/**
 * Real clients, with their own backoff and resuming, that lose their connections all at once. A
 * time is from the cut until a client has everything it missed.
 */
export class StormWork implements Work {
  readonly #options: WorkOptions;
  readonly #survivors: Survivor[] = [];
  #cutMs = 0;
  #publisher: Client<AnyContract> | undefined;

  constructor(options: WorkOptions) {
    this.#options = options;
  }

  async open(): Promise<readonly string[]> {
    const { settings, share, platform } = this.#options;
    const opens = connectionsOf(settings, share).map(
      (number): Open =>
        () =>
          this.#open(number),
    );
    const failures = await openAll(platform.clock, opens, settings.opensPerSecond / share.of);
    if (share.index === 0) this.#publisher = this.#makeClient(platform.openSocket);
    return failures;
  }

  /** Nothing is paced. */
  act(): void {}

  cut(): void {
    const { settings, platform, tally } = this.#options;
    this.#cutMs = platform.clock.monoMs();
    for (const survivor of this.#survivors) {
      survivor.missing = settings.missed * settings.subscriptionsPerConnection;
      tally.counts.expected += survivor.missing;
      survivor.cut();
    }
  }

  async miss(count: number): Promise<void> {
    const { settings, tally } = this.#options;
    for (let round = 0; round < count; round += 1) {
      for (let channel = 0; channel < settings.channels; channel += 1) {
        tally.counts.sent += 1;
        const name = channelName(settings, channel);
        const result = await this.#publisher?.channel(name).publish({ round });
        if (result?.ok === true) tally.counts.answered += 1;
        else tally.failed(result?.code ?? "not_connected");
      }
    }
  }

  close(): void {
    for (const { client } of this.#survivors) client.close();
    this.#publisher?.close();
  }

  #makeClient(openSocket: OpenSocket): Client<AnyContract> {
    const { settings, platform } = this.#options;
    const { token } = settings;
    return createClient({
      url: settings.url,
      clock: platform.clock,
      random: platform.random,
      codec: platform.codec,
      openSocket,
      ...(token === undefined ? {} : { getToken: () => token }),
    });
  }

  async #open(number: number): Promise<Opened> {
    const { settings, tally } = this.#options;
    const { open, cut } = cuttable(this.#options.platform.openSocket);
    const survivor: Survivor = { client: this.#makeClient(open), cut, missing: 0 };
    try {
      const channels = channelsOf(settings, number).map((channel) =>
        this.#subscribe(survivor, channelName(settings, channel)),
      );
      await Promise.all(channels);
    } catch (cause) {
      survivor.client.close();
      // The client has tried for itself what could be tried.
      return { ok: false, code: codeOf(cause) };
    }
    tally.counts.opened += 1;
    tally.counts.subscribed += settings.subscriptionsPerConnection;
    this.#survivors.push(survivor);
    return { ok: true };
  }

  async #subscribe(survivor: Survivor, channel: string): Promise<void> {
    const { counts } = this.#options.tally;
    let last: number | undefined;
    await survivor.client.channel(channel).subscribe({
      onPublication: ({ offset = 0 }) => {
        if (last !== undefined && offset !== last + 1) {
          if (offset <= last) counts.repeated += 1;
          else counts.missing += offset - last - 1;
        }
        last = offset;
        this.#delivered(survivor);
      },
      onReset: () => {
        counts.resets += 1;
        last = undefined;
      },
    });
  }

  #delivered(survivor: Survivor): void {
    const { platform, tally } = this.#options;
    tally.counts.received += 1;
    survivor.missing -= 1;
    if (survivor.missing !== 0) return;
    tally.counts.resumed += 1;
    tally.arrived(this.#cutMs, this.#cutMs, platform.clock.monoMs());
  }
}

/** An `OpenSocket` whose newest socket can be lost at any time. */
function cuttable(openSocket: OpenSocket): { open: OpenSocket; cut: () => void } {
  let cut = (): void => {};
  const open: OpenSocket = (url, subprotocols, events) => {
    let over = false;
    const socket = openSocket(url, subprotocols, {
      onOpen: () => events.onOpen(),
      onMessage: (payload) => events.onMessage(payload),
      onClose: (code, reason) => {
        over = true;
        events.onClose(code, reason);
      },
    });
    cut = () => {
      if (over) return;
      over = true;
      socket.drop();
      events.onClose(1006, "cut");
    };
    return socket;
  };
  return { open, cut: () => cut() };
}

function codeOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "failed";
}

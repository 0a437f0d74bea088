import type { FoldedMode } from "@holdfast/protocol";
import type { HistoryFact } from "../checker/history.js";
import { pause, until } from "./patience.js";
import { ProbeClient } from "./probe-client.js";
import type { VerifyPlatform, VerifySettings } from "./settings.js";
import type { StateReader } from "./states.js";
import { type TokenAuthority, Withdrawals } from "./withdrawals.js";

/** What the clients of a run are made with. */
export interface CrowdOptions {
  readonly settings: VerifySettings;
  readonly platform: VerifyPlatform;
  readonly signal: AbortSignal;
  readonly record: (fact: HistoryFact) => void;
  readonly channels: readonly string[];
  /** The mode of a channel's state; `undefined`: it has none. */
  readonly modeOf: (channel: string) => FoldedMode | undefined;
  readonly readState?: StateReader;
  readonly authority?: TokenAuthority;
}

/** How the beginning came out: an answer that refuses, or none in time. */
export type Begun = "all" | "not_all" | "interrupted" | { readonly refused: string };

/** Patience for all clients to be connected and subscribed. */
export const beginMs = 60_000;
/** Clients that begin in one step, and the pause between steps. */
const stepClients = 10;
const stepMs = 50;
/** Reconnects are the subject: a client that is refused comes back sooner than by default. */
const clientLimits = {
  backoffMinMs: 200,
  backoffMaxMs: 2_000,
  connectTimeoutMs: 4_000,
  stableMs: 2_000,
} as const;

/** The clients of a run: one that looks on, and those that make the load. */
export class Crowd {
  readonly auditor: ProbeClient;
  readonly clients: ProbeClient[] = [];
  /** Member to the channel it entered. */
  readonly entered = new Map<string, string>();
  readonly withdrawals: Withdrawals | undefined;
  readonly #options: CrowdOptions;
  #made = 0;

  constructor(options: CrowdOptions) {
    const { settings, platform, authority, record } = options;
    this.#options = options;
    this.auditor = this.#make("auditor", settings.token);
    if (authority === undefined) return;
    const intrude = (name: string, token: string) => this.#intrude(name, token);
    const { clock, random } = platform;
    const { connectTimeoutMs } = clientLimits;
    this.withdrawals = new Withdrawals({
      clock,
      random,
      authority,
      connectTimeoutMs,
      intrude,
      record,
    });
  }

  /** Connects the clients, a few at a time, and waits until all are subscribed and, if asked, present. */
  async begin(withPresence: boolean): Promise<Begun> {
    const { settings, platform, signal } = this.#options;
    const beginning: Promise<void>[] = [];
    const problems: string[] = [];
    for (let index = 0; index < settings.connections && !signal.aborted; index += 1) {
      const client = this.#makeMember(`c${index + 1}`);
      this.clients.push(client);
      const began = this.#begin(client, index, withPresence).catch((cause: unknown) => {
        problems.push(cause instanceof Error ? cause.message : String(cause));
      });
      beginning.push(began);
      if (index % stepClients === stepClients - 1) await pause(platform.clock, stepMs, signal);
    }
    let done = false;
    void Promise.all(beginning).then(() => {
      done = true;
    });
    const stop = () => done || problems.length > 0;
    const all = await until(platform.clock, stop, { withinMs: beginMs, everyMs: 50, signal });
    if (signal.aborted) return "interrupted";
    if (problems[0] !== undefined) return { refused: problems[0] };
    return all ? "all" : "not_all";
  }

  /** What ended for good has lost its place as surely as if it had never been told. */
  endings(): string[] {
    return this.clients.flatMap(({ name, ending }) => {
      if (ending === undefined) return [];
      return [`${name} was ended for good: ${ending}.`];
    });
  }

  /** Frees everything. */
  end(): void {
    for (const client of [this.auditor, ...this.clients]) client.close();
  }

  #make(name: string, token: string | (() => Promise<string>) | undefined): ProbeClient {
    const { settings, platform, record, modeOf, readState } = this.#options;
    const { codecs } = platform;
    const codec = codecs[this.#made % codecs.length] ?? codecs[0];
    this.#made += 1;
    return new ProbeClient({
      ...clientLimits,
      name,
      url: settings.url,
      platform,
      codec,
      record,
      modeOf,
      ...(readState !== undefined && { readState }),
      ...(token !== undefined && { getToken: typeof token === "string" ? () => token : token }),
    });
  }

  /** A client of the load: with a token of its own where there is somebody to give one. */
  #makeMember(name: string): ProbeClient {
    const { withdrawals } = this;
    if (withdrawals === undefined) return this.#make(name, this.#options.settings.token);
    return this.#make(name, () => withdrawals.tokenFor(name));
  }

  #intrude(name: string, token: string): () => void {
    const intruder = this.#make(name, token);
    // That it is refused is what is expected; what it is handed all the same is judged.
    void intruder.subscribe(this.#options.channels[0] ?? "").catch(() => {});
    return () => intruder.close();
  }

  async #begin(client: ProbeClient, index: number, withPresence: boolean): Promise<void> {
    const { settings, channels } = this.#options;
    const { length } = channels;
    for (let n = 0; n < settings.subscriptionsPerConnection; n += 1) {
      // Neighbouring clients share one channel and differ in the next.
      const at = (index + n * (1 + Math.floor(index / length))) % length;
      const channel = channels[this.#freeFrom(client, at)];
      if (channel !== undefined) await client.subscribe(channel);
    }
    // Those with state were added behind the channels that the run is about.
    const home = channels[index % settings.channels];
    if (!withPresence || home === undefined) return;
    const refused = await client.enter(home);
    if (refused !== undefined) throw new Error(`presence: ${refused.code}: ${refused.message}`);
    const { member } = client.client;
    if (member !== undefined) this.entered.set(member, home);
  }

  #freeFrom(client: ProbeClient, start: number): number {
    const { channels } = this.#options;
    let at = start;
    while (client.channels.includes(channels[at] ?? "")) at = (at + 1) % channels.length;
    return at;
  }
}

import type { Clock, Random } from "@holdfast/core";
import type { HistoryFact } from "../checker/history.js";
import { pause, until } from "./patience.js";

/** Whoever gives the clients of a run their tokens and can take back what they say. */
export interface TokenAuthority {
  /** A connection token for this user, issued now. */
  issue(user: string): Promise<string>;
  /**
   * Revokes every token of the user issued until now; true once it is accepted. Anything else counts
   * as unknown, and is asked for again.
   */
  revoke(user: string): Promise<boolean>;
}

/** What withdrawing permissions needs of its run. */
export interface WithdrawalOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly authority: TokenAuthority;
  /** How long a client may take from its token to its connection. */
  readonly connectTimeoutMs: number;
  /** Begins a client of this name that has nothing but a revoked token; returns what ends it. */
  readonly intrude: (name: string, token: string) => () => void;
  readonly record: (fact: HistoryFact) => void;
}

/** Pause between two revocations. */
const everyMs = 2_000;
/** Pause before an order is given again whose outcome is not known. */
const againMs = 250;
/** How long a client gets no other token: well past the contract's time. */
const withoutMs = 4_000;
/** `iat` counts whole seconds: until then a new token could not be told from a revoked one. */
const newTokenMs = 2_000;

/**
 * Revokes the tokens of clients, one after the other. Such a client finds nobody who gives it another
 * for a while; meanwhile somebody tries what the old one is still worth, at whichever gateway.
 */
export class Withdrawals {
  readonly #options: WithdrawalOptions;
  readonly #tokens = new Map<string, string>();
  readonly #without = new Set<string>();
  #intruders = 0;
  readonly #stop = new AbortController();
  #working: Promise<void> = Promise.resolve();

  constructor(options: WithdrawalOptions) {
    this.#options = options;
  }

  /** A fresh token for a client; rejects while it is to have none. */
  async tokenFor(user: string): Promise<string> {
    if (this.#without.has(user)) throw new Error("Its tokens have been revoked.");
    const token = await this.#options.authority.issue(user);
    this.#tokens.set(user, token);
    return token;
  }

  /** Whether a client is to have no token now. */
  isWithout(user: string): boolean {
    return this.#without.has(user);
  }

  /** Begins with these clients. */
  start(users: readonly string[]): void {
    this.#working = this.#work(users);
  }

  /** Ends; whoever was without a token gets one when it asks again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  async #work(users: readonly string[]): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stop;
    const returning: Promise<void>[] = [];
    while (!signal.aborted) {
      await pause(clock, everyMs, signal);
      const user = users[Math.floor(random.next() * users.length)];
      if (user === undefined || this.#without.has(user) || signal.aborted) continue;
      returning.push(this.#withdraw(user));
    }
    await Promise.all(returning);
  }

  async #withdraw(user: string): Promise<void> {
    const { clock, connectTimeoutMs } = this.#options;
    const { signal } = this.#stop;
    this.#without.add(user);
    // Whoever is refused the token that it has just been given takes that for the end.
    await pause(clock, connectTimeoutMs, signal);
    if (!signal.aborted) await this.#revoke(user);
    this.#without.delete(user);
  }

  async #revoke(user: string): Promise<void> {
    const { clock, authority, record } = this.#options;
    const { signal } = this.#stop;
    const accepted = () => authority.revoke(user);
    const wait = { withinMs: Number.POSITIVE_INFINITY, everyMs: againMs, signal };
    const isAccepted = await until(clock, accepted, wait);
    if (isAccepted) {
      record({ kind: "revoked", client: user });
      const endIntruder = this.#intrude(user);
      await pause(clock, withoutMs, signal);
      endIntruder();
    }
    // Whatever was answered: the order may have been carried out.
    await pause(clock, newTokenMs, new AbortController().signal);
    if (isAccepted) record({ kind: "granted", client: user });
  }

  #intrude(user: string): () => void {
    const token = this.#tokens.get(user);
    if (token === undefined) return () => {};
    this.#intruders += 1;
    const name = `${user}-revoked-${this.#intruders}`;
    this.#options.record({ kind: "revoked", client: name });
    return this.#options.intrude(name, token);
  }
}

import type { Clock, Random, Timer } from "@holdfast/core";
import type { Failure, Member, PresenceChange, PresenceList } from "@holdfast/protocol";
import { Emitter, type Off } from "../emitter.js";
import { HoldfastError } from "../errors.js";
import { failure } from "../failures.js";
import { Backoff } from "../socket/backoff.js";
import type { Asks } from "./asks.js";
import type { Answer, Requests } from "./requests.js";

/** Who is present now, and what changed. */
export interface PresenceEvent {
  /** In order of entry, up to the gateway's bound. */
  readonly members: readonly Member[];
  /** The true number. */
  readonly count: number;
  readonly entered: readonly Member[];
  readonly updated: readonly Member[];
  readonly left: readonly Member[];
}

/** Done, or why not; never a throw. */
export type Done = { readonly ok: true } | Failure;

/** A channel's presence. */
export interface Presence {
  /** Enters, and enters again after every reconnect until `leave`. */
  enter(data?: unknown): Promise<Done>;
  /** Replaces the data shown for this client. */
  update(data: unknown): Promise<Done>;
  leave(): Promise<Done>;
  /** Who is present now. */
  members(): Promise<
    { readonly ok: true; readonly members: readonly Member[]; readonly count: number } | Failure
  >;
  /** Watches: one event with everybody at first and after every reconnect that missed something, then one per change. */
  on(name: "change", listener: (event: PresenceEvent) => void): Off;
}

/** What presence needs of the client. */
export interface PresenceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly requests: Requests;
  readonly asks: Asks;
  readonly requestTimeoutMs: number;
  readonly maxMembers: number;
  readonly onError: (error: HoldfastError) => void;
  readonly onHandlerError: (cause: unknown) => void;
}

/** Changes kept while a list is on its way; more than this and the list is asked for again. */
const maxEarlyChanges = 1000;

/** One channel's presence as this client takes part in it and watches it. */
export class ChannelPresence implements Presence {
  readonly #channel: string;
  readonly #deps: PresenceDeps;
  readonly #emitter: Emitter<{ change: PresenceEvent }>;
  readonly #backoff: Backoff;
  #entered: { readonly data: unknown } | undefined;
  #entering = 0;
  /** Gives up the wish before the newest: tried again later, it would undo what was wished since. */
  #supersede: AbortController | undefined;
  #newest: Promise<Answer> | undefined;
  #members: Map<string, Member> | undefined;
  #version = 0;
  #asking = false;
  #early: PresenceChange[] = [];
  #retry: Timer | undefined;

  constructor(channel: string, deps: PresenceDeps) {
    this.#channel = channel;
    this.#deps = deps;
    this.#backoff = new Backoff(deps.random, 500, 30_000);
    this.#emitter = new Emitter(deps.onHandlerError);
  }

  /** Nothing would be lost if it were forgotten. */
  get idle(): boolean {
    return !this.#watched && this.#entered === undefined && this.#entering === 0;
  }

  get #watched(): boolean {
    return this.#emitter.count("change") > 0;
  }

  async enter(data?: unknown): Promise<Done> {
    this.#entering += 1;
    const { answer, isNewest } = await this.#wish({
      type: "presence_enter",
      ...(data !== undefined && { data }),
    });
    this.#entering -= 1;
    if (!answer.ok) return answer;
    if (isNewest) this.#entered = { data };
    return { ok: true };
  }

  update(data: unknown): Promise<Done> {
    return this.enter(data);
  }

  async leave(): Promise<Done> {
    this.#entered = undefined;
    const { answer } = await this.#wish({ type: "presence_leave" });
    return answer.ok ? { ok: true } : answer;
  }

  async members(): ReturnType<Presence["members"]> {
    const answer = await this.#ask({ type: "presence" });
    if (!answer.ok) return answer;
    if (answer.message.type !== "presence") return failure("internal");
    return { ok: true, members: answer.message.members, count: answer.message.count };
  }

  on(name: "change", listener: (event: PresenceEvent) => void): Off {
    const off = this.#emitter.on(name, listener);
    if (this.#members === undefined) this.#watch();
    else this.#emitter.tell(listener, this.#event([...this.#members.values()], [], []));
    return () => {
      off();
      if (!this.#watched) this.#unwatch();
    };
  }

  opened(): void {
    if (this.#watched) this.#watch();
    const entered = this.#entered;
    if (entered === undefined || this.#entering > 0) return;
    void this.enter(entered.data).then((answer) => {
      if (answer.ok) return;
      this.#entered = undefined;
      this.#deps.onError(new HoldfastError(answer));
    });
  }

  lost(): void {
    this.#asking = false;
    this.#early = [];
    this.#retry?.cancel();
  }

  /** A list nobody asked for: changes may have been missed. */
  listed(list: PresenceList): void {
    if (this.#watched) this.#replace(list);
  }

  changed(change: PresenceChange): void {
    if (!this.#watched) return;
    if (this.#asking) {
      if (this.#early.length < maxEarlyChanges) this.#early.push(change);
      return;
    }
    if (this.#members === undefined || change.version <= this.#version) return;
    if (change.version !== this.#version + 1) {
      this.#watch();
      return;
    }
    this.#apply(this.#members, change);
  }

  #apply(members: Map<string, Member>, { version, action, member, count }: PresenceChange): void {
    this.#version = version;
    this.#count = count;
    const known = members.has(member.id);
    if (action === "leave") {
      members.delete(member.id);
      this.#emit([], [], [member]);
    } else {
      if (known || members.size < this.#deps.maxMembers) members.set(member.id, member);
      if (known || action === "update") this.#emit([], [member], []);
      else this.#emit([member], [], []);
    }
  }

  #count = 0;

  #replace(list: PresenceList): void {
    const first = this.#members === undefined;
    const old = this.#members ?? new Map<string, Member>();
    const members = new Map(list.members.slice(0, this.#deps.maxMembers).map((m) => [m.id, m]));
    const entered = [...members.values()].filter(({ id }) => !old.has(id));
    const left = [...old.values()].filter(({ id }) => !members.has(id));
    const updated = [...members.values()].filter((member) => {
      const before = old.get(member.id);
      return before !== undefined && JSON.stringify(before) !== JSON.stringify(member);
    });
    const changed = entered.length + left.length + updated.length > 0 || list.count !== this.#count;
    this.#members = members;
    this.#version = list.version;
    this.#count = list.count;
    if (first || changed) this.#emit(entered, updated, left);
  }

  #watch(): void {
    if (this.#asking) return;
    this.#retry?.cancel();
    const { requests } = this.#deps;
    const channel = this.#channel;
    const id = requests.send(
      (requestId) => ({ type: "presence", id: requestId, channel, watch: true }),
      (answer) => this.#watching(answer),
    );
    this.#asking = id !== undefined;
  }

  #watching(answer: Answer): void {
    this.#asking = false;
    const early = this.#early;
    this.#early = [];
    if (!this.#watched) {
      this.#unwatch();
      return;
    }
    if (answer.ok && answer.message.type === "presence") {
      this.#backoff.reset();
      this.#replace(answer.message);
      if (early.length >= maxEarlyChanges) {
        this.#watch();
        return;
      }
      for (const change of early) this.changed(change);
    } else if (!answer.ok && answer.retryable) {
      this.#retry = this.#deps.clock.after(this.#backoff.next(answer), () => this.#watch());
    } else if (!answer.ok) {
      this.#deps.onError(new HoldfastError(answer));
    }
  }

  #unwatch(): void {
    this.#retry?.cancel();
    this.#members = undefined;
    const channel = this.#channel;
    this.#deps.requests.send(
      (id) => ({ type: "presence", id, channel, watch: false }),
      () => {},
    );
  }

  /** Only the newest wish is carried out; one it overtook ends as that does. */
  async #wish(
    message: { type: "presence_enter"; data?: unknown } | { type: "presence_leave" },
  ): Promise<{ answer: Answer; isNewest: boolean }> {
    this.#supersede?.abort();
    const abort = new AbortController();
    this.#supersede = abort;
    this.#newest = this.#ask(message, abort.signal);
    const answer = await this.#newest;
    const isNewest = this.#supersede === abort;
    return { answer: isNewest ? answer : await this.#newest, isNewest };
  }

  #ask(
    message: { type: "presence_enter"; data?: unknown } | { type: "presence_leave" | "presence" },
    signal?: AbortSignal,
  ): Promise<Answer> {
    return this.#deps.asks.ask((id) => ({ ...message, id, channel: this.#channel }), {
      timeoutMs: this.#deps.requestTimeoutMs,
      repeatable: true,
      signal,
    });
  }

  #emit(entered: Member[], updated: Member[], left: Member[]): void {
    this.#emitter.emit("change", this.#event(entered, updated, left));
  }

  #event(entered: Member[], updated: Member[], left: Member[]): PresenceEvent {
    const members = [...(this.#members?.values() ?? [])];
    return { members, count: this.#count, entered, updated, left };
  }
}

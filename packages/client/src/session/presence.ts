import type {
  Failure,
  Member,
  PresenceChange,
  PresenceLeft,
  PresenceList,
} from "@holdfast/protocol";
import { Emitter, type Off } from "../emitter.js";
import { HoldfastError, handlerFailed } from "../errors.js";
import { given } from "../given.js";
import { Backoff } from "../socket/backoff.js";
import type { Asks } from "./asks.js";
import { type PresenceEvent, usersOf } from "./presence-event.js";
import { type Answer, answerOf } from "./requests.js";
import type { Shared } from "./shared.js";

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

/** Changes kept while a list is on its way; more than this and the list is asked for again. */
const maxEarlyChanges = 1000;

interface Entered {
  readonly data: unknown;
}
type Members = Map<string, Member>;
type Wish = { type: "presence_enter"; data?: unknown } | { type: "presence_leave" };

/** One channel's presence as this client takes part in it and watches it. */
export class ChannelPresence implements Presence {
  readonly #channel: string;
  readonly #shared: Shared;
  readonly #asks: Asks;
  readonly #emitter: Emitter<{ change: PresenceEvent }>;
  readonly #backoff: Backoff;
  /** Waits before it enters again. */
  readonly #again: Backoff;
  #entered: Entered | undefined;
  #wishes = 0;
  /** Gives up the wish before the newest: tried again later, it would undo what was wished since. */
  #supersede: AbortController | undefined;
  #newest: Promise<Answer> | undefined;
  #members: Members | undefined;
  #count = 0;
  #countOnly = false;
  #version = 0;
  /** The gateway was asked to tell of changes on this connection. */
  #watching = false;
  /** Its answer, the list, is on its way. */
  #asking = false;
  /** The gateway may have taken this client out: the connection is a new one, or it said so. */
  #returned = false;
  /** Counts what ends presence: an answer speaks for the time before, and is heard of a moment later. */
  #life = 0;
  #early: PresenceChange[] = [];

  constructor(channel: string, shared: Shared, asks: Asks) {
    this.#channel = channel;
    this.#shared = shared;
    this.#asks = asks;
    this.#backoff = new Backoff(shared.settings, 500, 5_000);
    this.#again = new Backoff(shared.settings, 500, 5_000);
    this.#emitter = new Emitter((cause) => shared.report(handlerFailed(cause)));
  }

  /** Nothing would be lost if it were forgotten. */
  get idle(): boolean {
    return !this.#watched && !this.#asking && this.#entered === undefined && this.#wishes === 0;
  }

  get #watched(): boolean {
    return this.#emitter.count("change") > 0;
  }

  enter(data?: unknown): Promise<Done> {
    return this.#wish({ type: "presence_enter", ...given({ data }) }, { data });
  }

  update(data: unknown): Promise<Done> {
    return this.enter(data);
  }

  leave(): Promise<Done> {
    this.#entered = undefined;
    return this.#wish({ type: "presence_leave" }, undefined);
  }

  async members(): ReturnType<Presence["members"]> {
    const answer = answerOf(await this.#ask({ type: "presence" }), "presence");
    if (!answer.ok) return answer;
    const { members, count } = answer.message;
    return { ok: true, members, count };
  }

  on(name: "change", listener: (event: PresenceEvent) => void): Off {
    const off = this.#emitter.on(name, listener);
    if (this.#members !== undefined) this.#emitter.tell(listener, this.#event(this.#members, {}));
    if (this.#members === undefined || !this.#watching) this.#watch();
    return () => {
      off();
      // A list on its way may be wanted again by then.
      if (!this.#watched && !this.#asking) this.#unwatch();
    };
  }

  /** Asks and tells what this connection has not heard yet. */
  pump(): void {
    if (this.#watched && !this.#watching && !this.#backoff.waiting) this.#watch();
    this.#enterAgain();
  }

  /** On a new connection, unless a wish on its way says what is wanted now. */
  #enterAgain(): void {
    const entered = this.#entered;
    if (!this.#returned || this.#wishes > 0 || !this.#shared.wire.connected) return;
    this.#returned = false;
    if (entered === undefined) return;
    void this.enter(entered.data).then((answer) => {
      if (answer.ok) this.#again.reset();
      else if (answer.retryable) {
        // The way was too bad for too long: it is wanted all the same, for as long as nobody leaves.
        this.#returned = true;
        this.#again.retry(() => this.#enterAgain(), answer);
      } else {
        this.#entered = undefined;
        this.#shared.report(new HoldfastError(answer));
      }
    });
  }

  lost(): void {
    this.#life += 1;
    this.#returned = true;
    this.#watching = false;
    this.#asking = false;
    this.#early = [];
    this.#backoff.cancel();
    this.#again.cancel();
    if (!this.#watched) this.#members = undefined;
  }

  /** The gateway has ended it unasked: being present, and the changes. */
  withdrawn({ code = "forbidden", message = "", retryable = false }: PresenceLeft): void {
    const why: Failure = { ok: false, code, message, retryable };
    this.#life += 1;
    this.#returned = true;
    if (!retryable) {
      if (this.#watched || this.#entered !== undefined) this.#shared.report(new HoldfastError(why));
      this.#entered = undefined;
      return;
    }
    if (this.#watching && !this.#asking) {
      this.#watching = false;
      if (this.#watched) this.#backoff.retry(() => this.#watch(), why);
    }
    if (this.#entered !== undefined) this.#again.retry(() => this.#enterAgain(), why);
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

  #apply(members: Members, { version, action, member, count }: PresenceChange): void {
    this.#version = version;
    this.#count = count;
    const known = members.has(member.id);
    if (action === "leave") members.delete(member.id);
    else if (known || members.size < this.#shared.settings.maxMembers)
      members.set(member.id, member);
    const kind = action === "leave" ? "left" : known || action === "update" ? "updated" : "entered";
    this.#emitter.emit("change", this.#event(members, { [kind]: [member] }));
  }

  #replace(list: PresenceList): void {
    const first = this.#members === undefined;
    const old: Members = this.#members ?? new Map();
    const members: Members = new Map(
      list.members.slice(0, this.#shared.settings.maxMembers).map((member) => [member.id, member]),
    );
    const present = [...members.values()];
    const entered = present.filter(({ id }) => !old.has(id));
    // Who is not told of any more has not left.
    const left = list.countOnly ? [] : [...old.values()].filter(({ id }) => !members.has(id));
    const updated = present.filter((member) => {
      const before = old.get(member.id);
      return before && JSON.stringify(before) !== JSON.stringify(member);
    });
    const { count, countOnly = false } = list;
    const told = entered.length + left.length + updated.length;
    const changed = told > 0 || count !== this.#count || countOnly !== this.#countOnly;
    this.#members = members;
    this.#version = list.version;
    this.#count = count;
    this.#countOnly = countOnly;
    if (first || changed) {
      this.#emitter.emit("change", this.#event(members, { entered, updated, left }));
    }
  }

  #watch(): void {
    if (this.#asking) return;
    this.#backoff.cancel();
    const id = this.#request(true, (answer) => this.#listing(answer));
    this.#watching = id !== undefined;
    this.#asking = this.#watching;
  }

  #listing(reply: Answer): void {
    this.#asking = false;
    const early = this.#early;
    this.#early = [];
    if (!this.#watched) {
      this.#unwatch();
      return;
    }
    const answer = answerOf(reply, "presence");
    if (answer.ok) {
      this.#backoff.reset();
      this.#replace(answer.message);
      if (early.length >= maxEarlyChanges) this.#watch();
      else for (const change of early) this.changed(change);
    } else if (answer.retryable) this.#backoff.retry(() => this.#watch(), answer);
    else this.#shared.report(new HoldfastError(answer));
  }

  #unwatch(): void {
    this.#backoff.cancel();
    this.#members = undefined;
    if (this.#watching) this.#request(false, () => {});
    this.#watching = false;
  }

  #request(watch: boolean, onAnswer: (answer: Answer) => void): number | undefined {
    const channel = this.#channel;
    return this.#shared.requests.put(
      (id) => ({ type: "presence", id, channel, watch }),
      onAnswer,
      !watch,
    );
  }

  /** Only the newest wish is carried out; one it overtook ends as that does. */
  async #wish(message: Wish, entered: Entered | undefined): Promise<Done> {
    // A reason of our own: the platform's would be an error with a stack.
    this.#supersede?.abort("superseded");
    const abort = new AbortController();
    this.#supersede = abort;
    this.#wishes += 1;
    let askedOn = 0;
    this.#newest = this.#ask(message, abort.signal, () => {
      askedOn = this.#life;
    });
    let answer = await this.#newest;
    this.#wishes -= 1;
    if (this.#supersede !== abort) answer = await this.#newest;
    else if (answer.ok) {
      this.#entered = entered;
      if (askedOn === this.#life) this.#returned = false;
      else this.#enterAgain();
    } else this.#enterAgain();
    return answer.ok ? { ok: true } : answer;
  }

  #ask(
    message: Wish | { type: "presence" },
    signal?: AbortSignal,
    onSend?: () => void,
  ): Promise<Answer> {
    const build = (id: number) => {
      onSend?.();
      return { ...message, id, channel: this.#channel };
    };
    return this.#asks.ask(build, {
      timeoutMs: this.#shared.settings.requestTimeoutMs,
      repeatable: true,
      signal,
    });
  }

  #event(members: Members, change: Partial<PresenceEvent>): PresenceEvent {
    const all = [...members.values()];
    return {
      members: all,
      get users() {
        return usersOf(all);
      },
      count: this.#count,
      countOnly: this.#countOnly,
      entered: [],
      updated: [],
      left: [],
      ...change,
    };
  }
}

import type { ChannelState } from "./channels/state.js";
import { storedMs, unnamedMs } from "./journal/blobs.js";
import { stepOf } from "./journal/envelope.js";
import type { Leases } from "./leases.js";
import type { FencedLog } from "./logs/state.js";
import { type Parts, storeAt } from "./parts.js";
import type { RoomState } from "./presence/room.js";
import type { Stored } from "./servers/api.js";
import { StoreError } from "./servers/errors.js";
import type { StreamStore } from "./servers/store.js";

/** Whose messages are looked through, and which of them may go. */
interface Kept {
  readonly name: string;
  /** The subjects of a stream. */
  filter(stream: number): string;
  /** Whether a message was not replaced for so long that its subject may be forgotten. */
  isOld(message: Stored, nowMs: number): boolean;
  /** Lets a subject go whose newest message is old, if nothing else speaks against it. */
  letGo(newest: Stored): Promise<void>;
}

/** What has journals that can be ended. */
interface Ending<State> {
  aside(name: string): {
    end(mayGo: (state: State) => boolean): Promise<boolean>;
    disown(id: string): Promise<boolean>;
  };
}

/** What may be forgotten. */
export interface IdleOptions extends Parts {
  /** Name of this link. */
  readonly link: string;
  readonly leases: Leases;
  readonly channels: Ending<ChannelState>;
  readonly rooms: Ending<RoomState>;
  readonly logs: Ending<FencedLog>;
}

const leaseName = "holdfast/idle";
/** How long whoever sweeps is the one who does. */
const sweeperMs = 120_000;

/**
 * Forgets what nobody uses any more: each subject keeps a last message for good, unless somebody lets
 * it go. One gateway at a time walks through each stream, a little at a time, oldest first.
 */
export class Idle {
  readonly #options: IdleOptions;
  readonly #kinds: readonly Kept[];
  /** How far each walk has come, by stream and kind. */
  readonly #walked = new Map<string, number>();
  /** Ids of parts that were found to be named: who names another lets them go. */
  readonly #named = new Set<string>();
  #sweeping = false;
  #closed = false;

  constructor(options: IdleOptions) {
    this.#options = options;
    const { channelIdleMs, sessionIdleMs, fenceWindowMs } = options.limits;
    // A publisher session, and with it every publish key, is over by then.
    const idleMs = Math.max(channelIdleMs, sessionIdleMs);
    this.#kinds = [
      this.#journals("c", idleMs, options.channels, isOver),
      this.#journals("p", idleMs, options.rooms, ({ members }) => members.size === 0),
      this.#journals("l", fenceWindowMs, options.logs, ({ deletedMs }, nowMs) => {
        return deletedMs !== undefined && nowMs - deletedMs >= fenceWindowMs;
      }),
      {
        name: "s",
        filter: (stream) => options.subjects.leasesOf(stream),
        isOld: ({ text }, nowMs) => options.leases.isOver(text, nowMs - channelIdleMs),
        letGo: (newest) => options.leases.forget(newest),
      },
      {
        name: "b",
        filter: (stream) => options.subjects.firstParts(stream),
        isOld: ({ subject }, nowMs) => {
          return nowMs - storedMs(options.subjects.partOf(subject).id) >= unnamedMs;
        },
        letGo: (part) => this.#letGoUnnamed(part),
      },
    ];
  }

  /** Looks through a part of every stream, unless another gateway does. */
  async sweep(): Promise<void> {
    if (this.#sweeping || this.#closed) return;
    this.#sweeping = true;
    try {
      const { leases, link, limits, stores } = this.#options;
      const ttlMs = Math.min(sweeperMs, limits.maxLeaseMs);
      const lease = await leases.acquire({ name: leaseName, holder: link, ttlMs });
      if (!lease.ok) return;
      for (const store of stores) for (const kind of this.#kinds) await this.#walk(store, kind);
    } catch (error) {
      // Unreachable, or busy; what is idle can wait.
      if (error instanceof StoreError) return;
      const { logger, gateway } = this.#options;
      const message = error instanceof Error ? error.message : String(error);
      logger.error("sweeping failed", { gateway, message });
    } finally {
      this.#sweeping = false;
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #walk(store: StreamStore, kind: Kept): Promise<void> {
    const { limits, nowMs } = this.#options;
    const walk = `${store.stream}${kind.name}`;
    const from = (this.#walked.get(walk) ?? 0) + 1;
    const places = await store.places(kind.filter(store.stream), from, limits.maxIdleLooks);
    const last = places.at(-1);
    this.#walked.delete(walk);
    if (last === undefined) return;
    const subjects = new Set(places.map(({ subject }) => subject));
    for (const subject of subjects) {
      if (this.#closed) return;
      const newest = await store.last(subject);
      if (newest !== undefined && kind.isOld(newest, nowMs())) await kind.letGo(newest);
    }
    const reached = places.length === limits.maxIdleLooks ? await store.at(last.seq) : undefined;
    // Past one that is not old there are only newer ones: the next walk begins at the oldest again.
    const goesOn = reached === undefined || kind.isOld(reached, nowMs());
    if (places.length === limits.maxIdleLooks && goesOn) this.#walked.set(walk, last.seq);
  }

  #journals<State>(
    name: "c" | "p" | "l",
    idleMs: number,
    shelf: Ending<State>,
    mayGo: (state: State, nowMs: number) => boolean,
  ): Kept {
    const { subjects, nowMs } = this.#options;
    return {
      name,
      filter: (stream) => subjects.journalsOf(stream, name),
      isOld: (message, now) => now - stepOf(message).envelope.t >= idleMs,
      letGo: async ({ subject }) => {
        const named = subjects.channelOf(subject);
        if (name !== "l" && (await this.#isFollowed(named))) return;
        await shelf.aside(named).end((state) => mayGo(state, nowMs()));
      },
    };
  }

  /** Whoever stored it ended before it named it, or could not let it go. */
  async #letGoUnnamed({ subject }: Stored): Promise<void> {
    const { subjects, stores, blobs, limits, channels, rooms, logs } = this.#options;
    const { id, name, kind } = subjects.partOf(subject);
    if (this.#named.has(id)) return;
    const shelf = kind === "c" ? channels : kind === "p" ? rooms : logs;
    if (await shelf.aside(name).disown(id)) {
      const journal = subjects.journal(name, kind);
      blobs.dropParts(storeAt({ stores }, journal.stream), journal.subject, id);
      return;
    }
    if (this.#named.size >= limits.maxCachedChannels) this.#named.clear();
    this.#named.add(id);
  }

  /** Whether any gateway follows a channel: then one of them answers. */
  async #isFollowed(channel: string): Promise<boolean> {
    const { commands, subjects } = this.#options;
    try {
      await commands.ask(subjects.relay(channel, "e"), "");
      return true;
    } catch (error) {
      // Only that there is nobody is an answer; silence may be a follower that is busy.
      if (error instanceof StoreError && error.kind === "refused") return false;
      throw error;
    }
  }
}

/** Whether nothing of a channel is left to be had: no history, no snapshot, no state. */
function isOver({ snapshot, pinned, log }: ChannelState, nowMs: number): boolean {
  if (snapshot !== undefined || pinned) return false;
  const newest = log.at(log.top);
  return newest === undefined || nowMs - newest.atMs >= log.bounds.maxAgeMs;
}

import type { SeededRandom } from "@holdfast/core/testing";
import type { DownMessage, ErrorCode, FoldedMode, Publish, UpMessage } from "@holdfast/protocol";
import { errorCodes, folds } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import type { OpenSocket, SocketEvents } from "../src/internal.js";
import { connected } from "./scripted.js";

interface Entry {
  readonly offset: number;
  readonly id: string;
  readonly data: unknown;
}

/** What a message that waits in a line counts for. */
export const bufferedBytesPerMessage = 100;

/** A connection whose messages wait in both directions until the test lets one through. */
class Line {
  readonly up: UpMessage[] = [];
  readonly down: DownMessage[] = [];
  readonly events: SocketEvents;
  opened = false;
  /** The client no longer listens; what it sent before may still arrive. */
  orphan = false;
  /** Offset of the last publication queued; undefined: not subscribed. */
  cursor: number | undefined;

  constructor(events: SocketEvents) {
    this.events = events;
  }
}

/**
 * One channel at a gateway that keeps the delivery contract, over lines that do not: they stall,
 * lose their tail, deliver late what was sent before the cut, and (when told) break the protocol.
 */
export class ModelGateway {
  readonly channel = "chat:lobby";
  readonly entries: Entry[] = [];
  readonly #random: SeededRandom;
  readonly #lines: Line[] = [];
  readonly #keys = new Map<string, Entry>();
  readonly #sessions = new Map<string, { readonly generation: number; readonly seq: number }>();
  epoch = "e1";
  /** Set: the channel has state, and a subscription that does not resume begins with it. */
  mode: FoldedMode | undefined;
  /** Entries up to this offset are gone. */
  trimmed = 0;
  /** Chance that a publish is refused before the engine sees it, and with what. */
  refusal: { readonly chance: number; readonly codes: readonly ErrorCode[] } = {
    chance: 0,
    codes: [],
  };
  /** Chance that the line swallows or repeats a publication, which no gateway may do. */
  corruption = 0;
  readonly counts = { cuts: 0, cutsInReplay: 0, late: 0, corrupted: 0, resumed: 0, resets: 0 };

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  readonly openSocket: OpenSocket = (_url, _subprotocols, events) => {
    const line = new Line(events);
    this.#lines.push(line);
    return {
      get bufferedBytes() {
        return line.up.length * bufferedBytesPerMessage;
      },
      send: (payload) => {
        line.up.push(...(jsonCodec.decode(payload, 1) as UpMessage[]));
      },
      close: () => this.#orphan(line),
      drop: () => this.#orphan(line),
    };
  };

  /** Appends as another publisher would. */
  append(data: unknown): Entry {
    const offset = this.entries.length + 1;
    const entry = { offset, id: this.#random.id(8), data };
    this.entries.push(entry);
    for (const line of this.#lines) this.#feed(line);
    return entry;
  }

  /** A new life of the channel, empty. */
  restart(): void {
    this.cutAll();
    this.epoch = `${this.#random.id(8)}`;
    this.entries.length = 0;
    this.trimmed = 0;
    this.#keys.clear();
    this.#sessions.clear();
  }

  /** The fold of the entries up to an offset. */
  stateAt(offset: number): unknown {
    const fold = this.mode === undefined ? () => undefined : folds[this.mode];
    return this.entries
      .slice(0, offset)
      .reduce<unknown>((state, { data }) => fold(state, data), null);
  }

  /** Lets one waiting message of one line through; false when nothing waits. */
  step(): boolean {
    const busy = this.#lines.filter(
      (line) => line.up.length > 0 || (!line.orphan && (!line.opened || line.down.length > 0)),
    );
    if (busy.length === 0) return false;
    const line = this.#random.pick(busy);
    if (!line.opened && !line.orphan) {
      line.opened = true;
      line.events.onOpen();
    } else if (
      line.up.length > 0 &&
      (line.orphan || line.down.length === 0 || this.#random.chance(0.5))
    ) {
      const message = line.up.shift();
      if (line.orphan) this.counts.late += 1;
      if (message !== undefined) this.#take(line, message);
    } else if (!line.orphan) this.#deliver(line);
    return true;
  }

  /** Cuts every line: what the client has not received is gone; what it sent may still arrive. */
  cutAll(): void {
    for (const line of this.#lines.filter(({ orphan }) => !orphan)) {
      this.counts.cuts += 1;
      if (line.down.some(({ type }) => type === "publication")) this.counts.cutsInReplay += 1;
      if (this.#random.chance(0.5)) line.up.length = this.#random.int(line.up.length + 1);
      this.#orphan(line);
      line.events.onClose(1006, "");
    }
  }

  #orphan(line: Line): void {
    line.orphan = true;
    line.down.length = 0;
    line.cursor = undefined;
  }

  #deliver(line: Line): void {
    const message = line.down.shift();
    if (message === undefined) return;
    const corrupt = message.type === "publication" && this.#random.chance(this.corruption);
    const swallow = corrupt && this.#random.chance(0.5);
    if (corrupt) this.counts.corrupted += 1;
    const payload = jsonCodec.encode(message);
    if (!swallow) line.events.onMessage(payload);
    if (corrupt && !swallow && !line.orphan) line.events.onMessage(payload);
  }

  #take(line: Line, message: UpMessage): void {
    const id = "id" in message && message.id !== undefined ? { id: message.id } : {};
    const { channel } = this;
    if (message.type === "connect") this.#answer(line, { ...connected, ...id });
    else if (message.type === "unsubscribe") line.cursor = undefined;
    else if (message.type === "subscribe") {
      if (line.orphan) return;
      const { position, last = 0 } = message;
      const known = position?.epoch === this.epoch && position.offset <= this.entries.length;
      const resumed = known && position.offset >= this.trimmed;
      // A state may be some publications old: those follow it.
      const back = this.mode === undefined ? last : this.#random.int(4);
      const start = resumed ? position.offset : Math.max(this.trimmed, this.entries.length - back);
      const reason = known ? ("history_trimmed" as const) : ("epoch_changed" as const);
      if (resumed) this.counts.resumed += 1;
      else if (position !== undefined) this.counts.resets += 1;
      line.cursor = start;
      this.#answer(line, {
        type: "subscribed",
        ...id,
        channel,
        resumed,
        contiguous: true,
        position: { epoch: this.epoch, offset: start, ...this.#witness(start) },
        top: this.entries.length,
        ...(position !== undefined && !resumed && { reason }),
        ...(this.mode !== undefined && { mode: this.mode }),
        ...(this.mode !== undefined && !resumed && { state: this.stateAt(start) }),
      });
      this.#feed(line);
    } else if (message.type === "publish") this.#publish(line, message);
  }

  #publish(line: Line, { id, key, session, data }: Publish): void {
    const ids = id === undefined ? {} : { id };
    const refuse = (code: ErrorCode): void =>
      this.#answer(line, {
        type: "error",
        ...ids,
        code,
        message: code,
        retryable: errorCodes[code].retryable,
      });
    if (this.#random.chance(this.refusal.chance)) {
      refuse(this.#random.pick(this.refusal.codes));
      return;
    }
    const first = key === undefined ? undefined : this.#keys.get(key);
    if (session !== undefined) {
      const { id: name, seq, generation = 0 } = session;
      const known = this.#sessions.get(name) ?? { generation: 0, seq: 0 };
      const isNext = seq === (generation > known.generation ? 0 : known.seq) + 1;
      if (generation < known.generation || !(isNext || (first !== undefined && seq <= known.seq))) {
        refuse("out_of_order");
        return;
      }
      if (isNext) this.#sessions.set(name, { generation, seq });
    }
    const entry = first ?? this.append(data);
    if (key !== undefined) this.#keys.set(key, entry);
    const duplicate = first !== undefined;
    const { channel, epoch } = this;
    this.#answer(line, {
      type: "published",
      ...ids,
      channel,
      offset: entry.offset,
      epoch,
      duplicate,
    });
  }

  #feed(line: Line): void {
    if (line.cursor === undefined || line.orphan) return;
    for (const { offset, id, data } of this.entries.slice(line.cursor)) {
      line.down.push({ type: "publication", channel: this.channel, offset, id, data, timeMs: 0 });
    }
    line.cursor = this.entries.length;
  }

  #answer(line: Line, message: DownMessage): void {
    if (!line.orphan) line.down.push(message);
  }

  #witness(offset: number): { id?: string } {
    const id = this.entries[offset - 1]?.id;
    return id === undefined ? {} : { id };
  }
}

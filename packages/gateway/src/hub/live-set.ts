import type { Codec } from "@holdfast/protocol";
import type { Encoded } from "./encoded.js";
import type { Broadcast, Sink } from "./sink.js";

/** What a `LiveSet` keeps of each of its members. */
export interface LiveMember {
  readonly sink: Sink;
  /** Place in its group; -1 while it is in none. Only the set writes it. */
  liveIndex: number;
}

/** How a message passes a sink that has to be called by itself. */
export type Delivery = "control" | "stored" | "ephemeral";

/** A small start: most channels have few subscribers. */
const MIN_SLOTS = 4;

/**
 * The live subscriptions of a channel: for each codec a dense list of the numbers of their queues, so
 * that reaching them all is one pass over an array. Adding and removing take constant time.
 */
export class LiveSet {
  readonly #groups: Group[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adding one that is in the set does nothing. */
  add(member: LiveMember): void {
    if (member.liveIndex >= 0) return;
    this.#groupOf(member.sink).add(member);
    this.#size++;
  }

  /** Removing one that is not in the set does nothing. */
  delete(member: LiveMember): void {
    if (member.liveIndex < 0) return;
    this.#groupOf(member.sink).delete(member);
    this.#size--;
  }

  /** Sends a message to everyone who is in the set now and still is when it is their turn. */
  send(encoded: Encoded, delivery: Delivery, broadcast: Broadcast): void {
    const groups = this.#groups;
    const { length } = groups;
    for (let at = 0; at < length; at++) groups[at]?.begin();
    try {
      for (let at = 0; at < length; at++) groups[at]?.send(encoded, delivery, broadcast);
    } finally {
      for (let at = 0; at < length; at++) groups[at]?.end();
    }
  }

  #groupOf({ codec, slot }: Sink): Group {
    const isNumbered = slot > 0;
    for (const group of this.#groups) {
      if (group.codec === codec && group.isNumbered === isNumbered) return group;
    }
    const group = new Group(codec, isNumbered);
    this.#groups.push(group);
    return group;
  }
}

/** Members of one codec, either all with numbers or all without. */
class Group {
  readonly codec: Codec;
  readonly isNumbered: boolean;
  /** Without holes, but while it is being gone through. */
  #members: (LiveMember | undefined)[] = [];
  /** The numbers of the members' queues, at the same places; 0 in a hole. */
  #slots = new Int32Array(MIN_SLOTS);
  #holes = 0;
  /** The numbers each walk under way goes through: where the set has grown meanwhile, no longer its own. */
  readonly #walked: Int32Array[] = [];
  /** How many members each walk reaches. */
  readonly #reached: number[] = [];

  constructor(codec: Codec, isNumbered: boolean) {
    this.codec = codec;
    this.isNumbered = isNumbered;
  }

  add(member: LiveMember): void {
    const index = this.#members.length;
    if (index === this.#slots.length) this.#resize(2 * index);
    member.liveIndex = index;
    this.#members.push(member);
    this.#slots[index] = member.sink.slot;
  }

  delete(member: LiveMember): void {
    const index = member.liveIndex;
    member.liveIndex = -1;
    if (this.#walked.length > 0) {
      this.#members[index] = undefined;
      this.#slots[index] = 0;
      for (const slots of this.#walked) slots[index] = 0;
      this.#holes++;
    } else this.#close(index);
  }

  /** Begins a walk, which reaches the present members. */
  begin(): void {
    this.#walked.push(this.#slots);
    this.#reached.push(this.#members.length);
  }

  /** The walk begun last. */
  send(encoded: Encoded, delivery: Delivery, broadcast: Broadcast): void {
    const slots = this.#walked.at(-1);
    const length = this.#reached.at(-1) ?? 0;
    if (slots === undefined || length === 0) return;
    const frame = encoded.frame(this.codec);
    if (this.isNumbered) broadcast.send(slots, length, frame);
    else for (let at = 0; at < length; at++) this.#members[at]?.sink[delivery](frame);
  }

  end(): void {
    this.#walked.pop();
    this.#reached.pop();
    if (this.#walked.length === 0 && this.#holes > 0) this.#closeAll();
  }

  /** The last member takes the place of the one removed. */
  #close(index: number): void {
    const last = this.#members.pop();
    if (last !== undefined && index < this.#members.length) {
      last.liveIndex = index;
      this.#members[index] = last;
      this.#slots[index] = last.sink.slot;
    }
    const { length } = this.#members;
    if (length >= MIN_SLOTS && 4 * length < this.#slots.length) this.#resize(2 * length);
  }

  #closeAll(): void {
    const members = this.#members;
    this.#members = [];
    this.#holes = 0;
    for (const member of members) {
      if (member !== undefined) this.add(member);
    }
  }

  #resize(length: number): void {
    const slots = new Int32Array(length);
    slots.set(this.#slots.subarray(0, Math.min(length, this.#members.length)));
    this.#slots = slots;
  }
}

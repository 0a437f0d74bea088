import type { Position } from "@holdfast/protocol";
import type { EventOf } from "./history.js";

/** What the engine recorded of one epoch of a channel. */
export interface EpochFacts {
  readonly name: string;
  /** Place in the order in which the epochs of the channel began. */
  readonly index: number;
  /** Absent for an epoch that was only seen in use. */
  readonly begun: EventOf<"epoch"> | undefined;
  readonly appended: Map<number, EventOf<"append">>;
  readonly kept: Map<number, EventOf<"kept">>;
  readonly trims: EventOf<"trim">[];
}

/** What the engine recorded of one channel. */
export class ChannelFacts {
  readonly epochs = new Map<string, EpochFacts>();
  readonly exhausted: EventOf<"exhausted">[] = [];
  final: EventOf<"final"> | undefined = undefined;

  /** The facts of an epoch, begun now if it was not known. */
  epoch(name: string, begun?: EventOf<"epoch">): EpochFacts {
    const known = this.epochs.get(name);
    if (known !== undefined) return known;
    const facts: EpochFacts = {
      name,
      index: this.epochs.size,
      begun,
      appended: new Map(),
      kept: new Map(),
      trims: [],
    };
    this.epochs.set(name, facts);
    return facts;
  }

  /** The oldest epoch of the lineage that already held this offset, as a key for one entry. */
  origin(epoch: string, offset: number): string {
    let name = epoch;
    for (let hops = 0; hops <= this.epochs.size; hops += 1) {
      const lineage = this.epochs.get(name)?.begun?.lineage;
      if (lineage === undefined || offset > lineage.upTo) break;
      name = lineage.parent;
    }
    return name;
  }

  /** true when `from` may be resumed in `epoch`: the same one, or an ancestor that held the offset. */
  continues(from: Position, epoch: string): boolean {
    let name = epoch;
    for (let hops = 0; hops <= this.epochs.size; hops += 1) {
      if (name === from.epoch) return true;
      const lineage = this.epochs.get(name)?.begun?.lineage;
      if (lineage === undefined || from.offset > lineage.upTo) return false;
      name = lineage.parent;
    }
    return false;
  }

  /** The append at a place, looked for along the lineage. */
  appendAt(epoch: string, offset: number): EventOf<"append"> | undefined {
    return (
      this.epochs.get(epoch)?.appended.get(offset) ??
      this.epochs.get(this.origin(epoch, offset))?.appended.get(offset)
    );
  }

  /** The epoch that was current at a logical time, as far as it is recorded. */
  currentAt(seq: number): EpochFacts | undefined {
    let current: EpochFacts | undefined;
    for (const facts of this.epochs.values()) {
      if (facts.begun !== undefined && facts.begun.seq > seq) break;
      current = facts;
    }
    return current;
  }
}

import type { Bounds } from "./bounds.js";
import { ChannelFacts } from "./channel-facts.js";
import type { EventOf, HistoryEvent } from "./history.js";
import { Operations } from "./operations.js";
import { SubscriptionTrack } from "./subscription-track.js";

/** A history with what every invariant looks up, gathered in one pass. */
export interface IndexedHistory {
  readonly events: readonly HistoryEvent[];
  readonly bounds: Bounds;
  readonly operations: Operations;
  readonly subscriptions: readonly SubscriptionTrack[];
  readonly channels: ReadonlyMap<string, ChannelFacts>;
  readonly faults: readonly EventOf<"fault">[];
  /** The last `healed`, if the run got that far. */
  readonly healed: EventOf<"healed"> | undefined;
  /** true when the engine's appends, trims and epochs are part of the history. */
  readonly engineRecorded: boolean;
  /** The facts of a channel; empty ones where nothing was recorded. */
  channel(name: string): ChannelFacts;
}

/** Gathers a history. The events must stand in the order of their `seq`. */
export function indexHistory(events: readonly HistoryEvent[], bounds: Bounds): IndexedHistory {
  const building = new Building();
  for (const event of events) building.add(event);
  const { operations, channels, faults } = building;
  const nothing = new ChannelFacts();
  return {
    events,
    bounds,
    operations,
    subscriptions: [...building.tracks.values()],
    channels,
    faults,
    healed: building.healed,
    engineRecorded: building.engineRecorded,
    channel: (name) => channels.get(name) ?? nothing,
  };
}

class Building {
  readonly operations = new Operations();
  readonly channels = new Map<string, ChannelFacts>();
  readonly tracks = new Map<string, SubscriptionTrack>();
  readonly faults: EventOf<"fault">[] = [];
  healed: EventOf<"healed"> | undefined = undefined;
  engineRecorded = false;

  add(event: HistoryEvent): void {
    switch (event.kind) {
      case "publish":
        this.operations.beginPublish(event);
        return;
      case "published":
        this.operations.settlePublish(event);
        return;
      case "read":
        this.operations.beginRead(event);
        return;
      case "readDone":
        this.operations.settleRead(event);
        return;
      case "subscribe":
      case "subscribed":
      case "delivered":
      case "reset":
      case "unsubscribed":
        this.#track(event).add(event);
        return;
      case "fault":
        this.faults.push(event);
        return;
      case "healed":
        this.healed = event;
        return;
      case "append":
      case "trim":
      case "epoch":
      case "final":
      case "kept":
      case "exhausted":
        this.#addFact(event);
        return;
      default:
        return;
    }
  }

  #addFact(event: EventOf<"append" | "trim" | "epoch" | "final" | "kept" | "exhausted">): void {
    const channel = this.#channel(event.channel);
    switch (event.kind) {
      case "append": {
        this.engineRecorded = true;
        const { appended } = channel.epoch(event.epoch);
        if (!appended.has(event.offset)) appended.set(event.offset, event);
        break;
      }
      case "trim":
        this.engineRecorded = true;
        channel.epoch(event.epoch).trims.push(event);
        break;
      case "epoch":
        this.engineRecorded = true;
        channel.epoch(event.epoch, event);
        break;
      case "final":
        channel.epoch(event.epoch);
        channel.final = event;
        break;
      case "kept":
        channel.epoch(event.epoch).kept.set(event.offset, event);
        break;
      case "exhausted":
        channel.exhausted.push(event);
        break;
    }
  }

  #channel(name: string): ChannelFacts {
    let facts = this.channels.get(name);
    if (facts === undefined) {
      facts = new ChannelFacts();
      this.channels.set(name, facts);
    }
    return facts;
  }

  #track(event: EventOf<"subscribe" | "subscribed" | "delivered" | "reset" | "unsubscribed">) {
    const name = `${event.client}\n${event.sub}`;
    let track = this.tracks.get(name);
    if (track === undefined) {
      track = new SubscriptionTrack(event);
      this.tracks.set(name, track);
    }
    return track;
  }
}

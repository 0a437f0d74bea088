import assert from "node:assert/strict";
import type { Failure } from "@holdfast/protocol";
import type { ClusterCommand } from "../contract/cluster.js";
import {
  type BrokerLink,
  type BrokerListener,
  type Entry,
  type EphemeralRequest,
  type HistoryBounds,
  type HistoryPage,
  isFailure,
  type Maybe,
  type PresenceEvent,
  type Published,
  type PublishOutcome,
  type PublishRequest,
} from "../contract.js";
import type { Ability, BrokerFaults, BrokerHarness } from "./harness.js";

/** One line of the contract, as a plain function: it throws when the engine breaks it. */
export interface BrokerCheck {
  /** The behaviour, as a sentence. */
  readonly sentence: string;
  readonly needs: readonly Ability[];
  readonly run: (bench: Bench) => Promise<void>;
}

/** Declares a check. */
export function check(
  sentence: string,
  run: (bench: Bench) => Promise<void>,
  needs: readonly Ability[] = [],
): BrokerCheck {
  return { sentence, needs, run };
}

/** Messages that one outcome may take, one after the other. */
const maxSettleRounds = 16;

/** Bounds that nothing in a check exceeds by accident. */
export const roomy: HistoryBounds = { maxCount: 1_000, maxBytes: 1_000_000, maxAgeMs: 3_600_000 };

/** The value, or an error naming the failure. */
export function value<T>(result: T | Failure): T {
  if (isFailure(result)) throw new assert.AssertionError({ message: `failed: ${result.code}` });
  return result;
}

/** The failure, or an error. */
export function refusal(result: unknown): Failure {
  if (isFailure(result)) return result;
  throw new assert.AssertionError({ message: `no failure: ${JSON.stringify(result)}` });
}

/** What one link was told, in order. */
export class Heard implements BrokerListener {
  readonly entries: { channel: string; epoch: string; entry: Entry }[] = [];
  readonly ephemerals: EphemeralRequest[] = [];
  readonly presence: PresenceEvent[] = [];
  readonly availability: boolean[] = [];
  readonly commands: ClusterCommand[] = [];
  gaps = 0;
  /** Runs within the call that tells of an entry. */
  whileHearing: ((channel: string, entry: Entry) => void) | undefined;

  onEntry(channel: string, epoch: string, entry: Entry): void {
    this.entries.push({ channel, epoch, entry });
    this.whileHearing?.(channel, entry);
  }
  onEphemeral(publication: EphemeralRequest): void {
    this.ephemerals.push(publication);
  }
  onPresence(event: PresenceEvent): void {
    this.presence.push(event);
  }
  onRelayGap(): void {
    this.gaps += 1;
  }
  onAvailability(available: boolean): void {
    this.availability.push(available);
  }
  onCommand(command: ClusterCommand): void {
    this.commands.push(command);
  }

  /** Offsets heard of a channel. */
  offsets(channel: string): number[] {
    return this.entries.filter((told) => told.channel === channel).map((told) => told.entry.offset);
  }

  /** Presence as `action member`, in order. */
  changes(): string[] {
    return this.presence.map((event) => `${event.action} ${event.member.id}`);
  }
}

/** A link with what it heard. */
export interface Station {
  readonly link: BrokerLink;
  readonly heard: Heard;
}

/** What a check works at: an engine under test and the usual moves. */
export class Bench {
  readonly harness: BrokerHarness;

  constructor(harness: BrokerHarness) {
    this.harness = harness;
  }

  async station(gateway = "g1"): Promise<Station> {
    const heard = new Heard();
    return { link: await this.harness.broker.connect(gateway, heard), heard };
  }

  /** The faults the check declared in its `needs`; the harness must have them. */
  get faults(): BrokerFaults {
    return this.harness.faults as BrokerFaults;
  }

  settle(): Promise<void> {
    return this.harness.settle();
  }

  /** Waits for what messages on their way must first bring about. */
  async settling<T>(outcome: Promise<T>): Promise<T> {
    let settled = false;
    const note = () => {
      settled = true;
    };
    outcome.then(note, note);
    for (let round = 0; round < maxSettleRounds && !settled; round += 1) await this.settle();
    return outcome;
  }

  advance(ms: number): Promise<void> {
    return this.harness.advance(ms);
  }
}

/** A publish with the usual bounds. */
export function publishRequest(
  channel: string,
  data: unknown,
  more: Partial<PublishRequest> = {},
): PublishRequest {
  return { channel, data, timeMs: 1_000, history: roomy, ...more };
}

/** Publishes `data` with the usual bounds. */
export function publish(
  { link }: Station,
  channel: string,
  data: unknown,
  more: Partial<PublishRequest> = {},
): Maybe<PublishOutcome> {
  return link.publish(publishRequest(channel, data, more));
}

/** Publishes and expects success. */
export async function published(
  station: Station,
  channel: string,
  data: unknown,
  more: Partial<PublishRequest> = {},
): Promise<Published> {
  return value(await publish(station, channel, data, more));
}

/** Publishes `count` entries with data 1, 2, 3 … */
export async function publishMany(
  station: Station,
  channel: string,
  count: number,
  more: Partial<PublishRequest> = {},
): Promise<Published[]> {
  const outcomes: Published[] = [];
  for (let n = 1; n <= count; n += 1) outcomes.push(await published(station, channel, n, more));
  return outcomes;
}

/** One page with room for everything a check publishes. */
export async function read(
  { link }: Station,
  channel: string,
  after = 0,
  maxCount = 1_000,
  maxBytes = 1_000_000,
): Promise<HistoryPage> {
  return value(await link.read({ channel, after, maxCount, maxBytes }));
}

/** Offsets 1 … n, or from … to. */
export function offsets(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** The offsets of a page's entries. */
export function offsetsOf(page: HistoryPage): number[] {
  return page.entries.map((entry) => entry.offset);
}

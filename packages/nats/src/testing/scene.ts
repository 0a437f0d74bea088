import type {
  BrokerListener,
  ClusterCommand,
  Entry,
  PresenceEvent,
  PublishRequest,
} from "@holdfast/broker";
import { SeededRandom } from "@holdfast/core/testing";
import { createNatsBroker, type NatsBrokerOptions } from "../broker.js";
import type { NatsLink } from "../link.js";
import { DrivenClock } from "./driven_clock.js";

/** What a link was told. */
export class Told implements BrokerListener {
  readonly entries: { channel: string; epoch: string; entry: Entry }[] = [];
  readonly presence: PresenceEvent[] = [];
  readonly availability: boolean[] = [];
  readonly commands: ClusterCommand[] = [];
  gaps = 0;

  onEntry(channel: string, epoch: string, entry: Entry): void {
    this.entries.push({ channel, epoch, entry });
  }
  onEphemeral(): void {}
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

  offsets(channel: string): number[] {
    return this.entries.filter((told) => told.channel === channel).map((told) => told.entry.offset);
  }
}

/** A link with what it was told, on a clock that is driven. */
export interface Scene {
  readonly link: NatsLink;
  readonly told: Told;
  readonly clock: DrivenClock;
  /** Lets time pass, a little at a time, until something has come about; throws past `withinMs`. */
  until(come: () => boolean | Promise<boolean>, withinMs?: number): Promise<number>;
  close(): Promise<void>;
}

/** So much faster than in earnest does time pass; faster, and answers would seem late on a busy machine. */
const speed = 4;
const pauseMs = 5;
let count = 0;

/** Links to a deployment. */
export async function scene(
  url: string,
  options: Partial<NatsBrokerOptions> = {},
  gateway = "g1",
): Promise<Scene> {
  count += 1;
  const clock = new DrivenClock();
  const broker = createNatsBroker({
    maxReconnectDelayMs: 20,
    ...options,
    url,
    clock,
    random: new SeededRandom(count),
  });
  const told = new Told();
  const link = await broker.connect(gateway, told);
  return {
    link,
    told,
    clock,
    async until(come, withinMs = 60_000) {
      let realMs = performance.now();
      for (let passedMs = 0; ; ) {
        if (await come()) return passedMs;
        if (passedMs >= withinMs) throw new Error(`it did not come about within ${withinMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        const nowMs = performance.now();
        const stepMs = Math.min(500, (nowMs - realMs) * speed);
        realMs = nowMs;
        clock.advance(stepMs);
        passedMs += stepMs;
      }
    },
    close: () => broker.close(),
  };
}

/** A publish with the usual bounds. */
export function request(
  channel: string,
  data: unknown,
  more: Partial<PublishRequest> = {},
): PublishRequest {
  const history = { maxCount: 1_000, maxBytes: 1_000_000, maxAgeMs: 3_600_000 };
  return { channel, data, timeMs: 1_000, history, ...more };
}

import { ChannelWork } from "./channel-work.js";
import { EchoWork } from "./echo-work.js";
import type { BenchPlatform, BenchSettings, Share } from "./settings.js";
import { SocketEchoWork } from "./socket-echo-work.js";
import { StormWork } from "./storm-work.js";
import type { Tally } from "./tally.js";

/** What the clients of one process do. */
export interface Work {
  /** Connects and subscribes all of them; settles with the failure codes of those that could not. */
  open(): Promise<readonly string[]>;
  /** One operation that was due at `dueMs`, the `number`th of this process. */
  act(dueMs: number, number: number): void;
  /** `storm`: ends the connections of all at once, as a lost network does. */
  cut(): void;
  /** `storm`: publishes so many to every channel while they are away. */
  miss(count: number): Promise<void>;
  close(): void;
}

/** What a work is made of. */
export interface WorkOptions {
  readonly settings: BenchSettings;
  readonly share: Share;
  readonly platform: BenchPlatform;
  readonly tally: Tally;
}

/** Makes the work of a scenario. */
export function makeWork(options: WorkOptions): Work {
  const { scenario, target } = options.settings;
  if (target === "websocket") return new SocketEchoWork(options);
  if (scenario === "echo") return new EchoWork(options);
  if (scenario === "storm") return new StormWork(options);
  return new ChannelWork(options);
}

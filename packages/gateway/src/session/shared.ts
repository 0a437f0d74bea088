import type { Clock, Counter, Logger, Random, TimerWheel } from "@holdfast/core";
import type { AuthenticateHandler, AuthorizeHandler, Capabilities } from "@holdfast/protocol";
import type { Revocations } from "../cluster/revocations.js";
import type { Tickets } from "../cluster/tickets.js";
import type { CallDefinitions } from "../core-contract.js";
import type { ChannelPolicy } from "../hub/channel-policy.js";
import type { Hub } from "../hub/hub.js";
import type { Settings } from "../settings.js";
import type { Doors } from "./door.js";
import type { FlushScheduler } from "./flush-scheduler.js";
import type { Grants } from "./grants.js";
import type { Digest } from "./identity.js";
import type { Members } from "./members.js";
import type { Outstanding } from "./outstanding.js";
import type { SharedRates } from "./rates.js";
import type { Tally } from "./tally.js";
import type { WallWatch } from "./wall-watch.js";

/** What sessions count. */
export interface SessionMetrics {
  readonly published: Counter;
  readonly publishedByProcess: Counter;
  /** `code` is mapped to a closed set. */
  error(code: string): void;
  subscriptions(change: 1 | -1): void;
}

/** What all sessions of one gateway share. */
export interface Shared {
  readonly clock: Clock;
  readonly random: Random;
  readonly digest: Digest;
  readonly logger: Logger;
  readonly settings: Settings;
  readonly hub: Hub;
  /** How long the engine remembers publish keys, in milliseconds. */
  readonly keyWindowMs: number;
  readonly policyOf: (channel: string) => ChannelPolicy | undefined;
  readonly wheel: TimerWheel;
  readonly flushes: FlushScheduler;
  readonly members: Members;
  readonly wallWatch: WallWatch;
  /** Connections by user. */
  readonly users: Tally;
  readonly doors: Doors;
  readonly outstanding: Outstanding;
  readonly grants: Grants;
  readonly userRates: SharedRates;
  readonly addressRates: SharedRates;
  readonly metrics: SessionMetrics;
  readonly authenticate: AuthenticateHandler | undefined;
  readonly authorize: AuthorizeHandler | undefined;
  readonly calls: CallDefinitions;
  readonly anonymous: Capabilities | undefined;
  /** What everybody with a name may do beside. */
  readonly authenticated: Capabilities | undefined;
  readonly revocations: Revocations;
  readonly tickets: Tickets;
  /** What was revoked before this gateway was there is known. */
  readonly knowsRevoked: () => boolean;
}

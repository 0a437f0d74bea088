import type { BenchSettings } from "./settings.js";

/** Name of a channel of the run. */
export function channelName({ namespace, run }: BenchSettings, channel: number): string {
  return `${namespace}:${run}-${channel}`;
}

/** Channels of a connection: neighbours, so that every channel has nearly equally many subscribers. */
export function channelsOf(settings: BenchSettings, connection: number): readonly number[] {
  const { channels, subscriptionsPerConnection: count } = settings;
  return Array.from({ length: count }, (_, index) => (connection * count + index) % channels);
}

/** How many connections subscribe to a channel. */
export function subscribersOf(settings: BenchSettings, channel: number): number {
  const { connections, channels, subscriptionsPerConnection: count } = settings;
  // Subscriptions are dealt out in turn, so the first channels have one more when it does not divide.
  const dealt = connections * count;
  return Math.floor(dealt / channels) + (channel < dealt % channels ? 1 : 0);
}

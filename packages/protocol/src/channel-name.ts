/** Grammar of channel names: `namespace:name`, case-sensitive, at most 233 characters. */
export const channelNamePattern = "^[a-z][a-z0-9-]{0,31}:[A-Za-z0-9_.~@:/-]{1,200}$";

const channelName = new RegExp(channelNamePattern);

/** true for a name an application may use; names that begin with `$` are reserved and never are. */
export function isChannelName(name: string): boolean {
  return channelName.test(name);
}

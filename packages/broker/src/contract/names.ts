/** Grammar of the names of logs, leases and their holders, subjects and groups; case-sensitive. */
export const resourceNamePattern = "^[A-Za-z0-9_.~@:/-]{1,200}$";

const resourceName = new RegExp(resourceNamePattern);

/** true for a name an engine takes for a log, lease, holder, subject or group; others are `invalid_field`. */
export function isResourceName(name: string): boolean {
  return resourceName.test(name);
}

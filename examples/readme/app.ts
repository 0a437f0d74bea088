// What an application has of its own; here as little as the example needs to run.
import type { Identity } from "@holdfast/protocol";

const users = new Map([
  ["token-of-ada", "ada"],
  ["token-of-grace", "grace"],
]);
const members = new Map([["chat:lobby", new Set(["ada", "grace"])]]);
const titles = new Map<string, string>();

/** Whose token this is; null refuses the connection. */
export function verify(token: string | undefined): Identity | null {
  const user = users.get(token ?? "");
  return user === undefined ? null : { user };
}

/** Whether a user belongs to a room; calls are everybody's who has a name. */
export function isMember(user: string | undefined, channel: string): boolean {
  if (user === undefined) return false;
  return channel === "chat.rename" || (members.get(channel)?.has(user) ?? false);
}

/** Gives a room another title. */
export function rename(room: string, title: string): { readonly title: string } {
  titles.set(room, title);
  return { title };
}

import type { Member } from "@holdfast/protocol";

/** A user with every connection of theirs that is present. */
export interface PresentUser {
  readonly user: string;
  /** In order of entry. */
  readonly members: readonly Member[];
}

/** Who is present now, and what changed. */
export interface PresenceEvent {
  /** One for each connection, in order of entry, up to the gateway's bound. */
  readonly members: readonly Member[];
  /** One for each user among them; connections without a user are left out. */
  readonly users: readonly PresentUser[];
  /** The true number of connections. */
  readonly count: number;
  /**
   * More are present than the gateway tells changes of: `members` is empty and only `count` says
   * anything, a little late. When fewer are present, everybody is `entered` as at first.
   */
  readonly countOnly: boolean;
  readonly entered: readonly Member[];
  readonly updated: readonly Member[];
  readonly left: readonly Member[];
}

/** The members by user, in the order in which each user was first met. */
export function usersOf(members: readonly Member[]): readonly PresentUser[] {
  const users = new Map<string, Member[]>();
  for (const member of members) {
    const { user } = member;
    if (user === undefined) continue;
    const connections = users.get(user);
    if (connections) connections.push(member);
    else users.set(user, [member]);
  }
  return [...users].map(([user, connections]) => ({ user, members: connections }));
}

import type { CallHandler } from "../contract/calls.js";

/** Who calls or serves: a link. */
export interface CallParty {
  readonly gateway: string;
  readonly open: boolean;
}

/** A member of a group: one link's handler of a subject. */
export interface ServiceMember {
  readonly owner: CallParty;
  readonly handler: CallHandler;
  readonly maxOutstanding: number;
  /** Calls it handles now. */
  outstanding: number;
}

/** Which links serve which subject, by group. */
export class Services {
  readonly #subjects = new Map<string, Map<string, ServiceMember[]>>();
  /** What ends each service of a link. */
  readonly #owned = new Map<CallParty, Set<() => void>>();

  /** Services of one link. */
  count(owner: CallParty): number {
    return this.#owned.get(owner)?.size ?? 0;
  }

  /** Adds a member; gives what takes it out again. */
  add(subject: string, group: string, member: ServiceMember): () => void {
    const groups = this.#subjects.get(subject) ?? new Map<string, ServiceMember[]>();
    this.#subjects.set(subject, groups);
    const members = groups.get(group) ?? [];
    groups.set(group, members);
    members.push(member);
    const owned = this.#owned.get(member.owner) ?? new Set();
    const remove = () => {
      if (!owned.delete(remove)) return;
      if (owned.size === 0) this.#owned.delete(member.owner);
      members.splice(members.indexOf(member), 1);
      if (members.length === 0) groups.delete(group);
      if (groups.size === 0) this.#subjects.delete(subject);
    };
    this.#owned.set(member.owner, owned.add(remove));
    return remove;
  }

  /** Takes out every member of a link. */
  removeAll(owner: CallParty): void {
    for (const remove of [...(this.#owned.get(owner) ?? [])]) remove();
  }

  /** One member of each group, in turn, preferring those that have room. */
  pick(subject: string): ServiceMember[] {
    const picked: ServiceMember[] = [];
    for (const members of this.#subjects.get(subject)?.values() ?? []) {
      const at = members.findIndex((member) => member.outstanding < member.maxOutstanding);
      const [member] = members.splice(Math.max(0, at), 1);
      if (member === undefined) continue;
      members.push(member);
      picked.push(member);
    }
    return picked;
  }
}

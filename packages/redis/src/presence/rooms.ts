import type { PresenceView } from "@holdfast/broker";
import type { Entered, Entrant, EntryMode } from "@holdfast/broker/internal";
import type { Random } from "@holdfast/core";
import type { Member } from "@holdfast/protocol";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import { enterScript, leaveScript, sweepScript, viewScript } from "../scripts/presence.js";
import type { Script } from "../scripts/script.js";
import { listOf, numberOf, textOf } from "../servers/replies.js";
import type { Argument, Reply, Servers } from "../servers/servers.js";

const lifeLength = 12;

/** A member as the servers keep it. */
export interface EncodedEntrant extends Entrant {
  /** Of the member: an entry again as it is says nothing. */
  readonly digest: string;
  readonly text: string;
}

/** What a channel's presence hash holds. */
export interface Room {
  readonly view: PresenceView;
  /** Every owner of a member. */
  readonly owners: ReadonlySet<string>;
}

/** The channels' presence as the servers hold it. */
export class Rooms {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #limits: RedisLimits;
  readonly #random: Random;

  constructor(servers: Servers, keys: Keys, limits: RedisLimits, random: Random) {
    this.#servers = servers;
    this.#keys = keys;
    this.#limits = limits;
    this.#random = random;
  }

  async enter(
    channel: string,
    entrant: EncodedEntrant,
    owner: { readonly name: string; readonly formers: string },
    mode: EntryMode,
  ): Promise<Entered> {
    const { member, digest, text, generation } = entrant;
    const most = this.#limits.maxMembersPerChannel;
    const args = [owner.name, owner.formers, mode, member.id, digest, text, most, generation];
    const answer = textOf(await this.#run(enterScript, channel, args));
    return answer === "full" || answer === "other" || answer === "fenced" ? answer : "entered";
  }

  /** Takes a member out if one of `owners` (separated by spaces) has it. */
  async leave(channel: string, memberId: string, owners: string): Promise<void> {
    await this.#run(leaveScript, channel, [owners, memberId]);
  }

  /** Takes out whomever a dead incarnation left. */
  async sweep(channel: string, owner: string): Promise<number> {
    return numberOf(await this.#run(sweepScript, channel, [owner]));
  }

  /** Holds the channel's life: a listener compares events with it. */
  async watch(channel: string): Promise<void> {
    await this.#run(viewScript, channel, ["watch"]);
  }

  async read(channel: string, maxMembers: number): Promise<Room> {
    const reply = listOf(await this.#run(viewScript, channel, [""]));
    const fields = listOf(reply[2]);
    const present: { readonly order: number; readonly member: Member }[] = [];
    const owners = new Set<string>();
    for (let at = 0; at < fields.length; at += 2) {
      if (!textOf(fields[at]).startsWith("m")) continue;
      const [, order, owner = "", text = "null"] =
        /^(\d+) (\S+) \S+ (.*)$/s.exec(textOf(fields[at + 1])) ?? [];
      owners.add(owner);
      present.push({ order: Number(order), member: JSON.parse(text) });
    }
    present.sort((left, right) => left.order - right.order);
    const view = {
      life: textOf(reply[0]),
      version: numberOf(reply[1]),
      count: present.length,
      members: present.slice(0, Math.max(0, maxMembers)).map(({ member }) => member),
    };
    return { view, owners };
  }

  #run(script: Script, channel: string, own: readonly Argument[]): Promise<Reply> {
    const keys = this.#keys;
    return this.#servers.run(
      script,
      [keys.presence(channel)],
      [
        this.#limits.channelIdleMs,
        this.#random.id(lifeLength),
        this.#servers.sharded ? "SPUBLISH" : "PUBLISH",
        keys.presenceRelay(channel),
        ...own,
      ],
    );
  }
}

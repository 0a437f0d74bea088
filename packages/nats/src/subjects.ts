import { partitionOf } from "@holdfast/broker/internal";

/** What a subject carries. */
export type Kind =
  /** A channel's journal. */
  | "c"
  /** A room's journal: who is present in a channel. */
  | "p"
  /** Ephemeral publications; never stored. */
  | "e"
  /** A fenced log's journal. */
  | "l";

/** Everything a subject token may hold as it is; `.`, `*`, `>` and white space have a meaning of their own. */
const plain = /^[A-Za-z0-9_:@/~-]+$/;
const encoder = new TextEncoder();

/** A name as one token of a subject. Different names have different tokens. */
export function tokenOf(name: string): string {
  if (plain.test(name)) return name;
  return name.replace(/[^A-Za-z0-9_:@/~-]/gu, (character) =>
    [...encoder.encode(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}

/** The name a token stands for. */
export function nameOf(token: string): string {
  return token.includes("%") ? decodeURIComponent(token) : token;
}

/** Where a name's data lies. */
export interface Place {
  /** Number of its stream. */
  readonly stream: number;
  readonly subject: string;
}

/** The names of streams and subjects, all below one prefix. */
export class Subjects {
  readonly prefix: string;
  readonly partitions: number;
  readonly streams: number;

  constructor(prefix: string, partitions: number, streams: number) {
    this.prefix = prefix;
    this.partitions = partitions;
    this.streams = streams;
  }

  partitionOf(name: string): number {
    return partitionOf(name, this.partitions);
  }

  streamOf(name: string): number {
    return this.partitionOf(name) % this.streams;
  }

  /** What a stream is called that was made anew so many times. */
  streamName(stream: number, times = 0): string {
    return `${this.prefix}-${stream}${times === 0 ? "" : `-${times}`}`;
  }

  /** How many times a stream of that name was made anew; undefined: the name is no such stream's. */
  timesOf(stream: number, name: string): number | undefined {
    const usual = this.streamName(stream);
    if (name === usual) return 0;
    const digits = name.startsWith(`${usual}-`) ? name.slice(usual.length + 1) : "";
    return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined;
  }

  /** Where links that know a stream are asked to look after it. */
  lookAfter(stream: number): string {
    return `${this.prefix}.m.${stream}`;
  }

  /** All that a stream stores. */
  storedIn(stream: number): string {
    return `${this.prefix}.${stream}.>`;
  }

  /** What a stream stores and tells of, and as what: the last two tokens are kept. */
  toldOf(stream: number): { readonly src: string; readonly dest: string } {
    return { src: `${this.prefix}.${stream}.live.>`, dest: `${this.prefix}.r.>` };
  }

  /** The journal of a channel, a room or a log. Those of logs are told to nobody. */
  journal(name: string, kind: Kind): Place {
    const stream = this.streamOf(name);
    const place = kind === "l" ? "kept" : "live";
    return { stream, subject: `${this.prefix}.${stream}.${place}.${tokenOf(name)}.${kind}` };
  }

  /** All channels' journals of a stream. */
  channelsOf(stream: number): string {
    return this.journalsOf(stream, "c");
  }

  /** All journals of a kind in a stream. */
  journalsOf(stream: number, kind: Kind): string {
    return `${this.prefix}.${stream}.${kind === "l" ? "kept" : "live"}.*.${kind}`;
  }

  /** All leases in a stream. */
  leasesOf(stream: number): string {
    return `${this.prefix}.${stream}.kept.*.s`;
  }

  /** The channel, or whatever has a name, in a subject of its own. */
  channelOf(subject: string): string {
    return nameOf(subject.split(".").at(-2) ?? "");
  }

  /** Where what was appended to a channel's or room's journal, or is ephemeral, is told. */
  relay(name: string, kind: Kind): string {
    return `${this.prefix}.r.${tokenOf(name)}.${kind}`;
  }

  /** One part of something too large for a message of the journal that names it. */
  blob(journal: string, id: string, part: number | "*"): string {
    const [, stream, , token, kind] = journal.split(".");
    return `${this.prefix}.${stream}.kept.${id}.${part}.${token}.${kind}.b`;
  }

  /** The first parts of all such things in a stream. */
  firstParts(stream: number): string {
    return `${this.prefix}.${stream}.kept.*.0.*.*.b`;
  }

  /** Which thing a part is of, and whose journal names it, if any does. */
  partOf(subject: string): { readonly id: string; readonly name: string; readonly kind: Kind } {
    const [, , , id = "", , token = "", kind] = subject.split(".");
    return { id, name: nameOf(token), kind: kind as Kind };
  }

  lease(name: string): Place {
    const stream = this.streamOf(name);
    return { stream, subject: `${this.prefix}.${stream}.kept.${tokenOf(name)}.s` };
  }

  /** What a stream is: its generation and what it was made for. */
  generation(stream: number): string {
    return `${this.prefix}.${stream}.kept.generation`;
  }

  /** A gateway's incarnation: its lease and what it says of itself; `*`: all. */
  incarnation(id: string): string {
    return `${this.prefix}.0.kept.${id}.i`;
  }

  /** That an incarnation has members in a channel; `*`: in any. */
  held(stream: number, incarnation: string, channel: string): string {
    const token = channel === "*" ? "*" : tokenOf(channel);
    return `${this.prefix}.${stream}.kept.${incarnation}.${token}.h`;
  }

  get commands(): string {
    return `${this.prefix}.0.live.commands`;
  }

  /** Where a link that was cut off asks for the commands it has missed. */
  get commandsMissed(): string {
    return `${this.prefix}.m.commands`;
  }

  get commandRelay(): string {
    return `${this.prefix}.r.commands`;
  }

  /** What a link stores and hears again, to know that it has heard all before. */
  echo(stream: number, link: string): { readonly stored: string; readonly told: string } {
    return {
      stored: `${this.prefix}.${stream}.live.${stream}.${link}.z`,
      told: `${this.prefix}.r.${stream}.${link}.z`,
    };
  }

  /** What a link sends itself to hear whether it hears. */
  heartbeat(link: string): string {
    return `${this.prefix}.h.${link}`;
  }

  /** What a link tries out whether it may tell and hear at all. */
  trial(link: string): string {
    return `${this.prefix}.t.${link}`;
  }

  call(subject: string): string {
    return `${this.prefix}.q.${tokenOf(subject)}`;
  }

  /** Where a link is told that calls it handles have ended. */
  ended(link: string): string {
    return `${this.prefix}.x.${link}`;
  }
}

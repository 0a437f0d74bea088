import type { Entry, EphemeralRequest, PresenceEvent } from "@holdfast/broker";
import type { Member } from "@holdfast/protocol";

/** A publication's own part, as it is stored and relayed: one line of JSON, then raw bytes if any. */
interface BodyHead {
  readonly t?: number;
  readonly u?: string | undefined;
  readonly k?: string;
  readonly g?: readonly string[] | undefined;
  readonly m?: Readonly<Record<string, string>> | undefined;
  readonly d?: unknown;
}

const newline = 10;

function encode(head: BodyHead, bytes: Uint8Array | undefined): Buffer | string {
  const line = JSON.stringify(head);
  return bytes === undefined ? line : Buffer.concat([Buffer.from(`${line}\n`), bytes]);
}

function decode(body: Buffer): { head: BodyHead; bytes?: Uint8Array } {
  // JSON escapes line feeds, so the first one ends it.
  const end = body.indexOf(newline);
  if (end < 0) return { head: JSON.parse(body.toString("utf8")) };
  const head: BodyHead = JSON.parse(body.toString("utf8", 0, end));
  return { head, bytes: new Uint8Array(body.subarray(end + 1)) };
}

/** What of a publish is stored; `data`: its JSON text, or undefined where it has bytes. */
export function encodeBody(
  publication: Pick<Entry, "timeMs" | "bytes" | "user" | "tags" | "meta">,
  data: string | undefined,
): Buffer | string {
  const { timeMs, user, tags, meta, bytes } = publication;
  // What is undefined is left out of the text.
  const head = { t: timeMs, u: user, g: tags, m: meta };
  if (data === undefined) return encode(head, bytes);
  // The data was written once, to know its size: a second time costs as much again.
  return `${JSON.stringify(head).slice(0, -1)},"d":${data}}`;
}

function entryOf(offset: number, id: string, body: Buffer): Entry {
  const { head, bytes } = decode(body);
  return {
    offset,
    id,
    timeMs: head.t ?? 0,
    ...(bytes === undefined ? { data: head.d } : { bytes }),
    ...(head.u !== undefined && { user: head.u }),
    ...(head.g !== undefined && { tags: head.g }),
    ...(head.m !== undefined && { meta: head.m }),
  };
}

/** An entry as it is stored, after "`at` `size` `id` ". */
export function decodeStored(offset: number, stored: Buffer): Entry {
  let start = 0;
  const word = (): string => {
    const end = stored.indexOf(32, start);
    const text = stored.toString("latin1", start, end);
    start = end + 1;
    return text;
  };
  word();
  word();
  const id = word();
  return entryOf(offset, id, stored.subarray(start));
}

/** What arrives by a channel's relay. */
export type RelayFrame =
  | { readonly kind: "entries"; readonly epoch: string; readonly entries: readonly Entry[] }
  | { readonly kind: "ephemeral"; readonly publication: Omit<EphemeralRequest, "channel"> };

function decodeEntries(frame: Buffer): RelayFrame {
  let end = frame.indexOf(newline);
  const epoch = frame.toString("latin1", 1, end);
  const entries: Entry[] = [];
  for (let start = end + 1; start < frame.length; ) {
    end = frame.indexOf(newline, start);
    const [offset, id = "", length] = frame.toString("latin1", start, end).split(" ");
    start = end + 1 + Number(length);
    entries.push(entryOf(Number(offset), id, frame.subarray(end + 1, start)));
  }
  return { kind: "entries", epoch, entries };
}

/** Reads a frame: "E" with entries as the publish script writes it, "V" with an ephemeral one. */
export function decodeFrame(frame: Buffer): RelayFrame {
  if (frame[0] === 0x45) return decodeEntries(frame);
  const { head, bytes } = decode(frame.subarray(1));
  return {
    kind: "ephemeral",
    publication: {
      ...(bytes === undefined ? { data: head.d } : { bytes }),
      ...(head.u !== undefined && { user: head.u }),
      ...(head.k !== undefined && { key: head.k }),
      ...(head.g !== undefined && { tags: head.g }),
      ...(head.m !== undefined && { meta: head.m }),
    },
  };
}

/** An ephemeral publication as it is relayed. Throws where the data is no JSON value. */
export function encodeEphemeral(publication: EphemeralRequest): Buffer | string {
  const { user, key, tags, meta, data, bytes } = publication;
  const head: BodyHead = {
    ...(user !== undefined && { u: user }),
    ...(key !== undefined && { k: key }),
    ...(tags !== undefined && { g: tags }),
    ...(meta !== undefined && { m: meta }),
    ...(bytes === undefined && { d: data }),
  };
  const body = encode(head, bytes);
  return typeof body === "string" ? `V${body}` : Buffer.concat([Buffer.from("V"), body]);
}

/** A presence event, as the presence scripts write it. */
export function decodePresence(channel: string, frame: Buffer): PresenceEvent {
  const event: Omit<PresenceEvent, "channel"> & { member: Member } = JSON.parse(
    frame.toString("utf8"),
  );
  return { channel, ...event };
}

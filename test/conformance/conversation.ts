import { connect, type Socket } from "node:net";
import { constants, inflateRawSync } from "node:zlib";
import { expect } from "vitest";
import { closeFrame, echo, type FrameCase } from "./frame-case.js";
import type { HandshakeCase } from "./handshake-cases.js";

/** The key every handshake is made with that names none. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** Silence after which a case has failed; no case that passes waits for it. */
const SILENCE_MS = 15_000;
const RSV1 = 0x40;
/** RFC 7692 §7.2.2: what a compressed message is completed with. */
const TAIL = Buffer.of(0, 0, 0xff, 0xff);

/** The opening request of a client, with the headers that differ. */
export function request({ headers, method = "GET" }: Partial<HandshakeCase>): string {
  const all = {
    Host: "127.0.0.1",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return [`${method} /ws HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

/** Everything the server says until the connection ends; `say` runs once the answer's head is there. */
export async function converse(
  port: number,
  head: string,
  say: (socket: Socket) => void,
): Promise<Buffer> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const received: Buffer[] = [];
  let spoken = false;
  socket.write(head);
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      received.push(chunk);
      if (spoken || !Buffer.concat(received).includes("\r\n\r\n")) return;
      spoken = true;
      say(socket);
    });
    socket.on("error", () => {});
    // A server that neither answers nor ends fails its case by what is missing.
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    socket.once("close", () => resolve());
  });
  return Buffer.concat(received);
}

/** The head of an answer, and what came after it. */
export function parted(answer: Buffer): { head: string; frames: Buffer } {
  const end = answer.indexOf("\r\n\r\n");
  return { head: answer.toString("latin1", 0, end), frames: answer.subarray(end + 4) };
}

/** What the answer's head says of a header; undefined: nothing. */
export function headerOf(head: string, name: string): string | undefined {
  const line = head.split("\r\n").find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

/** A compressed message by itself (RFC 7692 §7.2.2). */
function inflated(body: Buffer): Buffer {
  const finishFlush = constants.Z_SYNC_FLUSH;
  return inflateRawSync(Buffer.concat([body, TAIL]), { finishFlush });
}

/**
 * The server's frames, each checked for what RFC 6455 §5.1, §5.2 and §5.5 ask of a server, and inflated
 * by itself where it is compressed (RFC 7692 §7.2.2: no context was agreed on).
 */
export function framesOf(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [first, second] = [bytes[at]!, bytes[at + 1]!];
    const opcode = first & 0x0f;
    const compressed = (first & RSV1) !== 0 && opcode < 8;
    expect(first & (compressed ? 0xb0 : 0xf0), "FIN and no other reserved bit").toBe(0x80);
    expect(second & 0x80, "no mask").toBe(0);
    const short = second & 0x7f;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length =
      header === 2
        ? short
        : header === 4
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    expect(length, "the shortest form").toBeGreaterThanOrEqual(
      { 2: 0, 4: 126, 10: 65_536 }[header]!,
    );
    const payload = bytes.subarray(at + header, at + header + length);
    expect(payload.length, "a whole frame").toBe(length);
    if (compressed) frames.push(`compressed ${echo(opcode, inflated(payload))}`);
    else if (opcode !== 8) frames.push(echo(opcode, payload));
    else frames.push(`close ${payload.length === 0 ? "empty" : payload.readUInt16BE(0)}`);
    at += header + length;
  }
  return frames;
}

/** Plays a case; the head of the answer and every frame that came. */
export async function play(
  port: number,
  { writes, close }: FrameCase,
  headers: HandshakeCase["headers"] = {},
): Promise<{ head: string; frames: string[] }> {
  const all = await converse(port, request({ headers }), (socket) => {
    for (const bytes of writes) socket.write(bytes);
    if (close === undefined) socket.write(closeFrame(1000));
  });
  const { head, frames } = parted(all);
  return { head, frames: framesOf(frames) };
}

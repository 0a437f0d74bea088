import type { SeededRandom } from "@holdfast/core/testing";
import { noise, spoilt } from "../kit/bytes.js";
import { command } from "../kit/commands.js";
import { Door } from "../kit/door.js";
import { close, compressed, frame, message } from "../kit/frames.js";
import { spoiltJson } from "../kit/json.js";
import { must, type Target } from "../kit/target.js";

// An input's first byte chooses the handshake; the others follow it.

const handshakes = [
  [],
  ["Sec-WebSocket-Protocol: holdfast.v1.json"],
  ["Sec-WebSocket-Protocol: holdfast.v1.msgpack"],
  ["Sec-WebSocket-Extensions: permessage-deflate"],
  [
    "Sec-WebSocket-Protocol: holdfast.v1.json",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  ],
].map((lines) =>
  Buffer.from(
    [
      "GET /ws HTTP/1.1",
      "Host: 127.0.0.1",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ...lines,
      "",
      "",
    ].join("\r\n"),
  ),
);

/** What follows a handshake: frames of commands, damaged, out of place, compressed, or none at all. */
export function framesTarget(isReal: boolean, share: number, root: string): Target {
  return {
    name: isReal ? "frames-tcp" : "frames",
    share,
    make(random) {
      const bytes = Buffer.concat(Array.from({ length: 1 + random.int(6) }, () => part(random)));
      const sent = random.chance(0.2) ? spoilt(bytes, random) : bytes;
      return Buffer.concat([Buffer.of(random.int(256)), sent]);
    },
    async start() {
      const door = await Door.open(isReal, root);
      return {
        async run(input) {
          const handshake = handshakes[(input[0] ?? 0) % handshakes.length] ?? Buffer.alloc(0);
          const answer = await door.send(handshake, input.subarray(1));
          door.check();
          judge(answer);
        },
        end: () => door.close(),
      };
    },
  };
}

function part(random: SeededRandom): Buffer {
  const kind = random.next();
  const text = Buffer.from(spoiltJson(command(random), random, 0.05));
  if (kind < 0.55) return message(text, random);
  if (kind < 0.75) return compressed(text, random);
  if (kind < 0.85) return frame(noise(random), random);
  if (kind < 0.9) return close(random);
  return kind < 0.95 ? noise(random) : message(spoilt(text, random), random);
}

function judge(answer: Buffer): void {
  const head = answer.indexOf("\r\n\r\n");
  must(
    head > 0 && answer.toString("latin1", 0, 12) === "HTTP/1.1 101",
    "the handshake is answered",
  );
  let at = head + 4;
  while (at < answer.length) {
    const first = answer[at] ?? 0;
    const second = answer[at + 1] ?? 0;
    must((second & 0x80) === 0, "a frame of ours is not masked");
    must([0x81, 0x82, 0x88, 0x89, 0x8a, 0xc1].includes(first), "a frame of ours is one of five");
    const short = second & 0x7f;
    const size =
      short === 126
        ? answer.readUInt16BE(at + 2)
        : short === 127
          ? Number(answer.readBigUInt64BE(at + 2))
          : short;
    const header = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (first === 0x88 && size >= 2) judgeClose(answer.readUInt16BE(at + header));
    at += header + size;
  }
  must(at === answer.length, "no frame of ours is torn");
}

function judgeClose(code: number): void {
  must(code !== 4008, "no frame is a mistake of ours");
  const isCode = (code >= 1000 && code <= 1014 && code !== 1005 && code !== 1006) || code >= 3000;
  must(isCode && code < 5000, `a close code that may be sent, not ${code} (RFC 6455 §7.4)`);
}

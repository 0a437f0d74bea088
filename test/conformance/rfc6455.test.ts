import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EchoEndpoint, openEcho } from "./echo-endpoint.js";
import { closeFrame, echo, type FrameCase } from "./frame-case.js";
import { framingCases } from "./framing-cases.js";
import { type HandshakeCase, handshakeCases } from "./handshake-cases.js";
import { messageCases } from "./message-cases.js";
import { utf8Cases } from "./utf8-cases.js";

// RFC 6455 from its text, frame by frame, against the gateway's own door and transport.

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** Silence after which a case has failed; no case that passes waits for it. */
const SILENCE_MS = 15_000;
let endpoint: EchoEndpoint;

beforeAll(async () => {
  endpoint = await openEcho();
});
afterAll(() => endpoint.close());

function request({ headers, method = "GET" }: Partial<HandshakeCase>): string {
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
async function converse(head: string, say: (socket: Socket) => void): Promise<Buffer> {
  const socket = connect({ port: endpoint.port, host: "127.0.0.1", noDelay: true });
  let received = Buffer.alloc(0);
  let spoken = false;
  socket.write(head);
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (spoken || !received.includes("\r\n\r\n")) return;
      spoken = true;
      say(socket);
    });
    socket.on("error", () => {});
    // A server that neither answers nor ends fails its case by what is missing, and soon.
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    socket.once("close", () => resolve());
  });
  return received;
}

/** The server's frames, each checked for what §5.1, §5.2 and §5.5 ask of a server. */
function framesOf(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [first, second] = [bytes[at]!, bytes[at + 1]!];
    expect(first & 0xf0, "FIN and no reserved bit").toBe(0x80);
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
    if ((first & 0x0f) !== 8) frames.push(echo(first & 0x0f, payload));
    else frames.push(`close ${payload.length === 0 ? "empty" : payload.readUInt16BE(0)}`);
    at += header + length;
  }
  return frames;
}

async function play({ writes, close }: FrameCase): Promise<string[]> {
  const all = await converse(request({}), (socket) => {
    for (const bytes of writes) socket.write(bytes);
    if (close === undefined) socket.write(closeFrame(1000));
  });
  return framesOf(all.subarray(all.indexOf("\r\n\r\n") + 4));
}

const tables = {
  framing: framingCases,
  "messages and their end": messageCases,
  "UTF-8": utf8Cases,
};

describe.each(Object.entries(tables))("%s", (_table, cases) => {
  it.each(cases.map((each) => [each.section, each.name, each] as const))(
    "%s %s",
    async (_section, _name, each) => {
      expect(await play(each)).toEqual([...(each.answers ?? []), `close ${each.close ?? 1000}`]);
    },
  );
});

describe("the opening handshake", () => {
  it.each(handshakeCases.map((each) => [each.section, each.name, each] as const))(
    "%s %s",
    async (_section, _name, each) => {
      const answer = await converse(request(each), (socket) => socket.end(closeFrame(1000)));
      const head = answer.toString("latin1").split("\r\n\r\n")[0]!.toLowerCase();
      expect(Number(head.slice(9, 12))).toBe(each.status);
      expect(head).not.toContain("sec-websocket-extensions");
      if (each.status === 426 && each.section === "§4.4")
        expect(head).toContain("sec-websocket-version: 13");
      if (each.status !== 101) return;
      const sent = each.headers["Sec-WebSocket-Key"] ?? KEY;
      const accept = createHash("sha1").update(`${sent}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
      const [, got] = /sec-websocket-accept: (.*)/i.exec(answer.toString("latin1"))!;
      expect(got!.trim()).toBe(accept.digest("base64"));
    },
  );
});

it("has at least 500 cases, each naming its section", () => {
  const all = [...Object.values(tables).flat(), ...handshakeCases];
  expect(all.length).toBeGreaterThanOrEqual(500);
  expect(all.filter(({ section }) => !/^§\d/.test(section))).toEqual([]);
  expect(new Set(all.map(({ section, name }) => `${section} ${name}`)).size).toBe(all.length);
});

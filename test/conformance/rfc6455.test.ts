import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { converse, headerOf, KEY, parted, play, request } from "./conversation.js";
import { type EchoEndpoint, openEcho } from "./echo-endpoint.js";
import { closeFrame } from "./frame-case.js";
import { framingCases } from "./framing-cases.js";
import { handshakeCases } from "./handshake-cases.js";
import { messageCases } from "./message-cases.js";
import { utf8Cases } from "./utf8-cases.js";

// RFC 6455 from its text, frame by frame, against the gateway's own door and transport.

let endpoint: EchoEndpoint;

beforeAll(async () => {
  endpoint = await openEcho();
});
afterAll(() => endpoint.close());

const tables = {
  framing: framingCases,
  "messages and their end": messageCases,
  "UTF-8": utf8Cases,
};

describe.each(Object.entries(tables))("%s", (_table, cases) => {
  it.each(cases.map((each) => [each.section, each.name, each] as const))(
    "%s %s",
    async (_section, _name, each) => {
      const { frames } = await play(endpoint.port, each);
      expect(frames).toEqual([...(each.answers ?? []), `close ${each.close ?? 1000}`]);
    },
  );
});

describe("the opening handshake", () => {
  it.each(handshakeCases.map((each) => [each.section, each.name, each] as const))(
    "%s %s",
    async (_section, _name, each) => {
      const say = closeFrame(1000);
      const answer = await converse(endpoint.port, request(each), (socket) => socket.end(say));
      const { head } = parted(answer);
      expect(Number(head.slice(9, 12))).toBe(each.status);
      expect(headerOf(head, "sec-websocket-extensions")).toBeUndefined();
      if (each.status === 426 && each.section === "§4.4")
        expect(headerOf(head, "sec-websocket-version")).toBe("13");
      if (each.status !== 101) return;
      const sent = each.headers["Sec-WebSocket-Key"] ?? KEY;
      const accept = createHash("sha1").update(`${sent}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
      expect(headerOf(head, "sec-websocket-accept")).toBe(accept.digest("base64"));
    },
  );
});

it("has at least 500 cases, each naming its section", () => {
  const all = [...Object.values(tables).flat(), ...handshakeCases];
  expect(all.length).toBeGreaterThanOrEqual(500);
  expect(all.filter(({ section }) => !/^§\d/.test(section))).toEqual([]);
  expect(new Set(all.map(({ section, name }) => `${section} ${name}`)).size).toBe(all.length);
});

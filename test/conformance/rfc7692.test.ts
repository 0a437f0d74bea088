import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf, play } from "./conversation.js";
import { deflateCases, deflated } from "./deflate-cases.js";
import { type EchoEndpoint, openEcho } from "./echo-endpoint.js";
import { echo, frame, TEXT } from "./frame-case.js";
import { type OfferCase, offerCases } from "./offer-cases.js";

// RFC 7692 from its text, against the gateway's own door and transport with compression on.

let endpoint: EchoEndpoint;

beforeAll(async () => {
  endpoint = await openEcho({ compression: true });
});
afterAll(() => endpoint.close());

/** The parameters of one offer or answer, values without quotes. */
function parametersOf(extension: string): Map<string, string> {
  const [, ...listed] = extension.split(";").map((part) => part.trim());
  return new Map(
    listed.map((part) => {
      const [name = "", value = ""] = part.split("=");
      return [name.trim(), value.trim().replaceAll('"', "")];
    }),
  );
}

/** What RFC 7692 §7.1 asks of an answer to an offer. */
function judge(answer: string, { offer, accepted }: OfferCase): void {
  const asked = parametersOf(offer.split(",")[accepted ?? 0]!);
  const said = parametersOf(answer);
  expect(answer.split(",").length, "one extension is agreed on").toBe(1);
  expect(answer.split(";").length - 1, "no parameter twice").toBe(said.size);
  // Asked for or not: the gateway keeps no context, nor lets a client use one.
  expect(said.get("server_no_context_takeover"), "§7.1.1.1").toBe("");
  expect(said.get("client_no_context_takeover"), "§7.1.1.2").toBe("");
  for (const side of ["server", "client"]) {
    const name = `${side}_max_window_bits`;
    const [most, given] = [asked.get(name), said.get(name)];
    if (side === "server" && most !== undefined) expect(given, "§7.1.2.1").toBeDefined();
    // §7.1.2.2: an answer may hold the client's only where the offer did.
    if (most === undefined) expect(given, name).toBeUndefined();
    if (given === undefined) continue;
    expect(given, name).toMatch(/^(?:[89]|1[0-5])$/);
    expect(Number(given), name).toBeLessThanOrEqual(most === "" ? 15 : Number(most));
  }
}

/** Long enough for this endpoint to compress it. */
const words = "agreed ".repeat(200);

describe("what is offered", () => {
  it.each(offerCases.map((each) => [each.section, each.name, each] as const))(
    "%s %s",
    async (_section, _name, each) => {
      const plain = frame(TEXT, words);
      const compressed = frame(TEXT, deflated("a"), { rsv: 0x40 });
      const agreed = each.accepted !== undefined;
      const writes = agreed ? [compressed, plain] : [plain];
      const { head, frames } = await play(
        endpoint.port,
        { section: each.section, name: each.name, writes },
        { "Sec-WebSocket-Extensions": each.offer },
      );
      expect(head.slice(9, 12)).toBe("101");
      const answer = headerOf(head, "sec-websocket-extensions");
      if (answer === undefined || !agreed) {
        expect([answer, frames]).toEqual([undefined, [echo(TEXT, words), "close 1000"]]);
        expect(agreed).toBe(false);
        return;
      }
      judge(answer, each);
      // §7.1.2.1: what is compressed once for all fills a window of 15 bits; others get it plain.
      const small = !["", "15"].includes(parametersOf(answer).get("server_max_window_bits") ?? "");
      const last = small ? echo(TEXT, words) : `compressed ${echo(TEXT, words)}`;
      expect(frames).toEqual([echo(TEXT, "a"), last, "close 1000"]);
    },
  );
});

describe("compressed messages", () => {
  it.each(deflateCases.map((each) => [each.section, each.name, each] as const))(
    "%s %s",
    async (_section, _name, each) => {
      const { frames } = await play(endpoint.port, each, {
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
      });
      expect(frames).toEqual([...(each.answers ?? []), `close ${each.close ?? 1000}`]);
    },
  );
});

describe("a compressed message that breaks off", () => {
  const body = deflated(words, 9);
  it.each(Array.from({ length: body.length - 1 }, (_, at) => at))(
    "§7.2.2 after %d bytes is refused or is what there was of it, and nothing hangs",
    async (at) => {
      const writes = [frame(TEXT, body.subarray(0, at), { rsv: 0x40 })];
      const offer = { "Sec-WebSocket-Extensions": "permessage-deflate" };
      const { frames } = await play(endpoint.port, { section: "", name: "", writes }, offer);
      if (frames.length === 1) expect(frames).toEqual(["close 1007"]);
      else expect(frames.slice(1)).toEqual(["close 1000"]);
    },
  );
});

it("has at least 250 cases, each naming its section", () => {
  const all = [...offerCases, ...deflateCases];
  expect(all.length).toBeGreaterThanOrEqual(250);
  expect(all.filter(({ section }) => !/^(?:RFC 6455 )?§\d/.test(section))).toEqual([]);
  expect(new Set(all.map(({ section, name }) => `${section} ${name}`)).size).toBe(all.length);
});

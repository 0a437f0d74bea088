import type { Codec } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { describe, expect, it } from "vitest";
import { checkHandshake, negotiate } from "./negotiation.js";

const other: Codec = { ...jsonCodec, name: "msgpack", subprotocol: "holdfast.v1.msgpack" };
const offer = (header: string | undefined) => negotiate(header, [jsonCodec, other], jsonCodec);

describe("the subprotocol offer", () => {
  it("is plain v1 JSON when there is none", () => {
    expect(offer(undefined)).toEqual({ ok: true, codec: jsonCodec });
  });

  it("settles on the first known name, as the client prefers", () => {
    expect(offer("soap, holdfast.v1.msgpack, holdfast.v1.json")).toMatchObject({
      codec: other,
      subprotocol: "holdfast.v1.msgpack",
    });
  });

  it("takes a token beside a known name and does not echo it", () => {
    expect(offer("holdfast.token.a.b-c_d, holdfast.v1.json")).toEqual({
      ok: true,
      codec: jsonCodec,
      subprotocol: "holdfast.v1.json",
      token: "a.b-c_d",
    });
  });

  it.each([
    ["without a known name", "graphql-ws"],
    ["that is only a token", "holdfast.token.abc"],
    ["that is empty", ""],
    ["with an empty element", "holdfast.v1.json,,x"],
    ["with a character outside the grammar", "holdfast.v1.json, b@d"],
    ["with a name twice", "holdfast.v1.json, holdfast.v1.json"],
    ["with an empty token", "holdfast.token., holdfast.v1.json"],
    ["with two tokens", "holdfast.token.a, holdfast.token.b, holdfast.v1.json"],
    ["named like a built-in property", "constructor"],
    ["of more names than anyone needs", Array.from({ length: 33 }, (_, i) => `p${i}`).join(",")],
    ["that is endless", `holdfast.v1.json, ${"x".repeat(20_000)}`],
  ])("is refused with 400 %s", (_name, header) => {
    expect(offer(header)).toMatchObject({ ok: false, status: 400 });
  });

  it("never repeats a token in the refusal", () => {
    expect(JSON.stringify(offer("holdfast.token.very-secret"))).not.toContain("very-secret");
  });
});

describe("the upgrade request", () => {
  const headers = {
    upgrade: "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
  };

  it("of RFC 6455 §1.3 passes", () => {
    expect(checkHandshake("GET", headers)).toBeUndefined();
  });

  it("passes with an offer of permessage-deflate, which is not taken", () => {
    const offered = "permessage-deflate; client_max_window_bits, x-other;a=b";
    const request = { ...headers, "sec-websocket-extensions": offered };
    expect(checkHandshake("GET", request)).toBeUndefined();
  });

  it.each([
    [405, "POST", {}],
    [426, "GET", { upgrade: "h2c" }],
    [400, "GET", { "sec-websocket-key": "short" }],
    [400, "GET", { "sec-websocket-version": "x" }],
    [426, "GET", { "sec-websocket-version": "8" }],
    [400, "GET", { "sec-websocket-extensions": "constructor" }],
    [400, "GET", { "sec-websocket-extensions": "a,,b" }],
    [400, "GET", { "sec-websocket-extensions": "é" }],
  ])("is refused with %d for %s %j", (status, method, change) => {
    expect(checkHandshake(method, { ...headers, ...change })).toMatchObject({ status });
  });
});

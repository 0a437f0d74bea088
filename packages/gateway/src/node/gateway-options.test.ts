import { describe, expect, it } from "vitest";
import type { Settings } from "../settings.js";
import { checkOptions, type GatewayOptions, resolveSettings } from "./gateway-options.js";

const check = (options: object) => () => checkOptions(options as GatewayOptions);

describe("a wrong configuration is refused with the option's name:", () => {
  it.each([
    ["chanels", { chanels: {} }],
    ["authenticate", { authenticate: "jwt" }],
    ["path", { path: "ws" }],
    ["origins[0]", { origins: ["app.example"] }],
    ["origins[1]", { origins: ["https://app.example", "https://app.example/"] }],
    ['channels["Chat:*"]', { channels: { "Chat:*": {} } }],
    [
      'channels["chat:*"].history.maxcount',
      { channels: { "chat:*": { history: { maxcount: 1 } } } },
    ],
    [
      'channels["chat:*"].history.maxCount',
      { channels: { "chat:*": { history: { maxCount: -1 } } } },
    ],
    [
      'channels["chat:*"].maxPerSecond',
      { channels: { "chat:*": { maxPerSecond: 5, history: { maxCount: 10 } } } },
    ],
    ['channels["chat:*"].maxPerSecond', { channels: { "chat:*": { maxPerSecond: 0 } } }],
    [
      'channels["chat:*"].maxPerSecond',
      { channels: { "chat:*": { maxPerSecond: 5, state: "merge" } } },
    ],
    [
      'channels["chat:*"].maxPerSecond',
      { channels: { "chat:*": { maxPerSecond: 5, state: { handler: () => ({ snapshot: 1 }) } } } },
    ],
    ['channels["chat:*"].state', { channels: { "chat:*": { state: "newest" } } }],
    ['channels["chat:*"].state', { channels: { "chat:*": { state: { handler: 1 } } } }],
    ['channels["chat:*"].history', { channels: { "chat:*": { state: "last", history: false } } }],
    [
      'channels["chat:*"].history',
      { channels: { "chat:*": { state: "merge", history: { maxAgeMs: 0 } } } },
    ],
    ['channels["chat:*"].schema', { channels: { "chat:*": { schema: {} } } }],
    ['calls["9"]', { calls: { "9": { handler: () => 1 } } }],
    ['calls["a.b"]', { calls: { "a.b": () => 1 } }],
    ['anonymous["!"]', { anonymous: { "!": [] } }],
  ])("%s", (name, options) => {
    expect(check(options)).toThrow(`createGateway: option ${name} `);
  });

  it.each([
    ["settings.pingInterval", { pingInterval: 1 }],
    ["settings.pingIntervalMs", { pingIntervalMs: 5 }],
    ["settings.authorizeCacheMs", { authorizeCacheMs: 2_001 }],
    ["settings.maxConnections", { maxConnections: 1.5 }],
    ["settings.maxStateBytes", { maxStateBytes: 600_000 }],
  ])("%s", (name, settings) => {
    expect(() => resolveSettings(settings as Partial<Settings>)).toThrow(
      `createGateway: option ${name} `,
    );
  });
});

it("a right configuration passes", () => {
  const options: GatewayOptions = {
    path: "/socket",
    origins: ["https://app.example", "*"],
    channels: {
      "chat:*": { history: { maxCount: 10 } },
      "*": {},
      "cursor:*": { maxPerSecond: 20 },
      "price:*": { maxPerSecond: 0.5, history: { maxCount: 1 }, state: "last" },
      "board:*": { state: "merge" },
      "doc:*": { state: { handler: () => ({ snapshot: null }) } },
      "news:today": { presence: true },
    },
    anonymous: { "chat:*": ["subscribe"], "chat.rename": ["call"] },
  };
  expect(check(options)).not.toThrow();
  expect(resolveSettings({ pingIntervalMs: 2_000 })).toMatchObject({
    pingIntervalMs: 2_000,
    pongTimeoutMs: 10_000,
    maxStateBytes: 262_144,
  });
  expect(resolveSettings({ maxOutboundBytes: 65_536 })).toMatchObject({ maxStateBytes: 32_768 });
});

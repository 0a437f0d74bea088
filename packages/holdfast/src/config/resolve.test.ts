import { describe, expect, it } from "vitest";
import { nearest, variableOf } from "./names.js";
import type { Flags } from "./reader.js";
import { type Inputs, resolve } from "./resolve.js";
import { UsageError } from "./usage-error.js";

const nothing: Inputs = { env: {}, flags: new Map() };
const flags = (given: Record<string, string | boolean>): Flags =>
  new Map(Object.entries(given).map(([name, value]) => [name, [value]]));
const file = (content: unknown) => ({ path: "holdfast.config.json", content });

describe("the configuration", () => {
  it("is the defaults where nothing is given", () => {
    const { options, sources } = resolve(nothing);
    expect(options.host).toBe("127.0.0.1");
    expect(options.port).toBe(8000);
    expect(options.pingIntervalMs).toBe(25_000);
    expect(new Set(Object.values(sources))).toEqual(new Set(["default"]));
  });

  it("prefers a flag to the environment, that to the file, and that to the default", () => {
    const inputs: Inputs = {
      file: file({ port: 1, host: "localhost", drainMs: 5 }),
      env: { HOLDFAST_PORT: "2", HOLDFAST_HOST: "::1" },
      flags: flags({ port: "3" }),
    };
    const { options, sources } = resolve(inputs);
    expect([options.port, sources.port]).toEqual([3, "flag"]);
    expect([options.host, sources.host]).toEqual(["::1", "environment"]);
    expect([options.drainMs, sources.drainMs]).toEqual([5, "file"]);
    expect([options.maxMessageBytes, sources.maxMessageBytes]).toEqual([65_536, "default"]);
  });

  it("reads lists, yes and no, and JSON from texts", () => {
    const { options } = resolve({
      env: { HOLDFAST_API_KEYS: "one, two,", HOLDFAST_ANONYMOUS: '{"news:*":["subscribe"]}' },
      flags: flags({ dev: true }),
    });
    expect(options.apiKeys).toEqual(["one", "two"]);
    expect(options.anonymous).toEqual({ "news:*": ["subscribe"] });
    expect(options.dev).toBe(true);
  });

  it("takes channel rules from the file in their order", () => {
    const channels = { "chat:vip": { presence: true }, "chat:*": { history: { maxCount: 10 } } };
    expect(Object.keys(resolve({ ...nothing, file: file({ channels }) }).channels)).toEqual([
      "chat:vip",
      "chat:*",
    ]);
  });

  it.each([
    [
      "a flag",
      { ...nothing, flags: flags({ prot: "1" }) },
      'Unknown flag "--prot". Did you mean "--port"?',
    ],
    [
      "a variable",
      { ...nothing, env: { HOLDFAST_TOKN_SECRET: "x" } },
      'Unknown environment variable "HOLDFAST_TOKN_SECRET". Did you mean "HOLDFAST_TOKEN_SECRET"?',
    ],
    [
      "a name in the file",
      { ...nothing, file: file({ orgins: [] }) },
      'holdfast.config.json: Unknown option "orgins". Did you mean "origins"?',
    ],
    [
      "a field of a channel rule",
      { ...nothing, file: file({ channels: { "chat:*": { histroy: false } } }) },
      'Unknown field "histroy". Did you mean "history"?',
    ],
    [
      "an action",
      { ...nothing, env: { HOLDFAST_ANONYMOUS: '{"chat:*":["publsh"]}' } },
      'Unknown action "publsh". Did you mean "publish"?',
    ],
  ])("refuses an unknown name of %s and says which one is near", (_, inputs, message) => {
    expect(() => resolve(inputs)).toThrow(UsageError);
    expect(() => resolve(inputs)).toThrow(message);
  });

  it.each([
    ["--port: expected a whole number from 0 to 65535.", { port: "65536" }],
    ["--port: expected a whole number from 0 to 65535.", { port: "" }],
    ["--log-level: expected one of debug, info", { "log-level": "loud" }],
    ["--dev: expected true or false.", { dev: "perhaps" }],
    ["--anonymous: expected a JSON object.", { anonymous: "[" }],
  ])("names the place and what was expected: %s", (message, given) => {
    expect(() => resolve({ ...nothing, flags: flags(given) })).toThrow(message);
  });

  it("reports every fault at once", () => {
    const inputs = { ...nothing, flags: flags({ port: "x", "log-level": "y" }) };
    expect(() => resolve(inputs)).toThrow(/--port.*\n--log-level/);
  });

  it("does not mistake names of Object.prototype for options", () => {
    const content = JSON.parse('{"__proto__": {"port": 1}, "constructor": 1}');
    expect(() => resolve({ ...nothing, file: file(content) })).toThrow(
      /__proto__.*\n.*constructor/,
    );
  });

  it("overlooks the variables Kubernetes makes from a Service of its name", () => {
    const env = { HOLDFAST_SERVICE_HOST: "10.0.0.1", HOLDFAST_PORT_8000_TCP_ADDR: "10.0.0.1" };
    expect(resolve({ ...nothing, env }).options.port).toBe(8000);
    const clash = { ...nothing, env: { HOLDFAST_PORT: "tcp://10.0.0.1:8000" } };
    expect(() => resolve(clash)).toThrow("enableServiceLinks");
  });

  it.each([
    ["a pattern out of grammar", { "Chat*": {} }, '"Chat*" is not a channel pattern'],
    [
      "a state that is code",
      { "chat:*": { state: "handler" } },
      'state: expected "last" or "merge"',
    ],
    ["a negative bound", { "chat:*": { history: { maxCount: -1 } } }, "history.maxCount: expected"],
    ["a rule that is no object", { "chat:*": true }, 'channels["chat:*"]: expected an object'],
    [
      "presence that is no boolean",
      { "chat:*": { presence: 1 } },
      "presence: expected true or false",
    ],
  ])("refuses %s in the channel rules", (_, channels, message) => {
    expect(() => resolve({ ...nothing, file: file({ channels }) })).toThrow(message);
  });
});

describe("names", () => {
  it("makes a variable of an option", () => {
    expect(variableOf("maxMessageBytes")).toBe("HOLDFAST_MAX_MESSAGE_BYTES");
  });

  it("suggests nothing when nothing is near", () => {
    expect(nearest("zzzzzz", ["port", "host"])).toBeUndefined();
  });
});

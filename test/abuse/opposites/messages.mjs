/** @import { Opposite } from "./opposite.mjs" */
import { node, session, test } from "./opposite.mjs";

const abuse = "test/e2e/abuse.test.ts";
const limits = "test/e2e/limits.test.ts";
const rates = `${session}/limits.test.ts`;
const parser = "packages/protocol/src/up-parser.ts";

/** @type {readonly Opposite[]} */
export const messages = [
  {
    row: 15,
    name: "any number of messages a second",
    file: `${session}/door.ts`,
    find: "const waitMs = this.#take(slot, bytes, shared);",
    replace: "const waitMs = 0 * this.#take(slot, bytes, shared);",
    test: test(abuse, "abuse 15: a flood of messages"),
  },
  {
    row: 15,
    name: "any number of bytes a second",
    file: `${session}/door.ts`,
    find: "this.#bytes = allowanceOf(clock, bytesPerSecond, maxMessageBytes);",
    replace: "this.#bytes = allowanceOf(clock, 0 * bytesPerSecond, maxMessageBytes);",
    test: test(limits, "abuse 15: a flood of bytes"),
  },
  {
    row: 15,
    name: "any number of pings",
    file: `${node}/ws-transport.ts`,
    find: "if (this.#controlFrames > MAX_CONTROL_FRAMES_PER_MINUTE)",
    replace: "if (this.#controlFrames > 1_000 * MAX_CONTROL_FRAMES_PER_MINUTE)",
    test: test(`${node}/upgrade.test.ts`, "ends a flood of pings (abuse 15)"),
  },
  {
    row: 15,
    name: "a user's connections have a rate each",
    file: `${session}/session.ts`,
    find: "this.#intake.user = this.shared.userRates.join(this.user);",
    replace: "this.shared.userRates.join(this.user);",
    test: test(rates, "(abuse 15) > of one user are bounded"),
  },
  {
    row: 15,
    name: "an address's connections have a rate each",
    file: `${session}/session.ts`,
    find: "new Intake(this, rate);",
    replace: "new Intake(this, undefined);",
    test: test(rates, "(abuse 15) > of one address are bounded"),
  },
  {
    row: 17,
    name: "a list is a message",
    file: parser,
    find: 'typeof value !== "object" || value === null || Array.isArray(value)',
    replace: 'typeof value !== "object" || value === null',
    test: test(abuse, "abuse 17: not an object"),
  },
  {
    row: 17,
    name: "nobody looks at the fields of a command",
    file: parser,
    find: "typeFault(fields) : findFault(type, fields, limits);",
    replace: "typeFault(fields) : undefined;",
    test: test(abuse, "abuse 17: a field of the wrong type"),
  },
  {
    row: 17,
    name: "malformed messages without end",
    file: `${session}/door.ts`,
    find: "if (mistakes.waitMs(fullAtMs, 1) > 0) return false;",
    replace: "",
    test: test(abuse, "abuse 17: repeated, they end the connection"),
  },
  {
    row: 18,
    name: "any depth",
    file: parser,
    find: "{ maxDepth: maxDataDepth, keyFault: prototypeKeyFault }",
    replace: "{ maxDepth: 100_000 * maxDataDepth, keyFault: prototypeKeyFault }",
    test: test(abuse, "abuse 18: hostile JSON is refused"),
  },
  {
    row: 18,
    name: "what travels touches a prototype",
    file: `${node}/keyed-request.ts`,
    find: "    const value: unknown = JSON.parse(text);\n",
    replace:
      "    const value: unknown = JSON.parse(text);\n    Object.assign(Object.prototype, (value as any).data?.__proto__);\n",
    test: test("test/e2e/http.test.ts", "abuse 18: refuses nesting without end"),
  },
  {
    row: 20,
    name: "what a handler throws is told",
    file: `${session}/calls.ts`,
    find: 'return failure("call_failed", errorCodes.call_failed.meaning);',
    replace: 'return failure("call_failed", textOf(error));',
    test: test(limits, "abuse 20: a handler that throws, hangs or answers nonsense"),
  },
  {
    row: 20,
    name: "a handler may hang",
    file: `${session}/calls.ts`,
    find: "Math.min(timeoutMs, shared.settings.callTimeoutMs),",
    replace: "60_000,",
    test: test(limits, "abuse 20: a handler that throws, hangs or answers nonsense"),
  },
];

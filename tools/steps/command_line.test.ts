import { expect, test } from "vitest";
import { judgeCommandLine } from "./command_line.mjs";

const usage = "Usage: npm run weigh -- [flags]\n";
const config = {
  options: {
    seeds: { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
} as const;
const judged = (...args: string[]) => judgeCommandLine(args, usage, config);

test("a command line that is understood gives its values, with what was left out", () => {
  expect(judged("--seeds", "5")).toMatchObject({
    asked: { values: { seeds: "5", json: false } },
  });
});

test.each([["--help"], ["-h"], ["--seeds", "5", "--help"]])(
  "help is all that %s prints",
  (...args) => {
    expect(judged(...args)).toEqual({ text: usage, exitCode: 0 });
  },
);

test.each([
  [["--sedes", "5"], "Unknown option '--sedes'."],
  [["redis"], "Unexpected argument 'redis'."],
  [["--seeds"], "Option '--seeds <value>' argument missing."],
  [["--json=yes"], "Option '--json' does not take an argument."],
])("%j is named, with what would be understood", (args, problem) => {
  expect(judged(...args)).toEqual({ text: `${problem}\n\n${usage}`, exitCode: 2 });
});

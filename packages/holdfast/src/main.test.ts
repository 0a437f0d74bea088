import { describe, expect, it } from "vitest";
import { helpOf } from "./cli/command.js";
import { RecordingTerminal } from "./cli/testing/recording-terminal.js";
import { flagOf } from "./config/names.js";
import { commands, main } from "./main.js";

async function run(...args: string[]) {
  const terminal = new RecordingTerminal();
  const code = await main(args, terminal);
  return { code, printed: terminal.printed.join("\n"), noted: terminal.noted.join("\n") };
}

describe("holdfast", () => {
  it("lists every command, and asked for nothing says so by its exit code", async () => {
    const help = await run("--help");
    for (const { name, summary } of commands) {
      expect(help.printed).toContain(name);
      expect(help.printed).toContain(summary);
    }
    expect([help.code, (await run()).code]).toEqual([0, 2]);
    expect((await run()).printed).toBe(help.printed);
  });

  it("prints its version", async () => {
    expect(await run("--version")).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
  });

  it("refuses an unknown command with the nearest one", async () => {
    expect(await run("serv")).toMatchObject({
      code: 2,
      noted: 'Unknown command "serv". Did you mean "serve"? holdfast --help lists them.',
    });
  });
});

describe.each(commands)("holdfast $name", (command) => {
  it("has a help with usage, every flag, examples and exit codes", async () => {
    const { code, printed } = await run(command.name, "--help");
    expect(code).toBe(0);
    expect(printed).toContain(`Usage: holdfast ${command.name} ${command.usage}`);
    for (const [option, { description }] of Object.entries(command.options)) {
      expect(printed).toContain(`--${flagOf(option)}`);
      expect(printed).toContain(description);
    }
    expect(printed).toMatch(/\nExamples:\n {2}.*holdfast /);
    expect(printed).toMatch(/\nExit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
    expect(printed).toBe(helpOf(command));
    expect((await run("help", command.name)).printed).toBe(printed);
  });

  it("refuses a misspelt flag with the nearest name", async () => {
    const [option = ""] = Object.keys(command.options);
    const misspelt = `--${flagOf(option)}x`;
    const { code, noted } = await run(command.name, misspelt);
    expect(code).toBe(2);
    expect(noted).toBe(`Unknown flag "${misspelt}". Did you mean "--${flagOf(option)}"?`);
  });

  it("refuses more words than it takes", async () => {
    const words = [...(command.operands ?? []), "surplus"];
    const { code, noted } = await run(command.name, ...words);
    expect(code).toBe(2);
    expect(noted).toContain(`holdfast ${command.name}: "surplus" is more than it takes`);
  });
});

it("names the words that are missing", async () => {
  expect((await run("publish")).noted).toContain("holdfast publish: channel and data missing");
  expect((await run("publish", "chat:a")).noted).toContain("holdfast publish: data missing");
  expect((await run("subscribe")).noted).toContain("holdfast subscribe: channel missing");
});

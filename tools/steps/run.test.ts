import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { run } from "./run.mjs";

const node = process.execPath;

test("the exit code of the command is the answer, and quiet output is returned", async () => {
  const script = "console.log('out'); console.error('err'); process.exitCode = 3";
  const { code, output } = await run(node, ["-e", script], { quiet: true });
  expect(code).toBe(3);
  expect(output).toContain("out");
  expect(output).toContain("err");
});

test("a command that is not there answers 127", async () => {
  expect((await run("/nowhere/at-all", [], { quiet: true })).code).toBe(127);
});

test("a killed command answers 128 and its signal, as in a shell", async () => {
  const { code } = await run(node, ["-e", "process.kill(process.pid, 'SIGKILL')"], { quiet: true });
  expect(code).toBe(137);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s is handed to the command once, and its exit code comes back",
  async (signal) => {
    const inner = `let seen = 0; setInterval(() => {}, 1e6);
      process.on('${signal}', () => {
        seen += 1;
        if (seen === 1) setTimeout(() => process.exit(40 + seen), 100);
      });
      console.log('ready');`;
    const outer = `import { run } from ${JSON.stringify(fileURLToPath(new URL("run.mjs", import.meta.url)))};
      const { code } = await run(process.execPath, ["-e", ${JSON.stringify(inner)}], { ownGroup: true });
      process.exitCode = code;`;
    const child = spawn(node, ["--input-type=module", "-e", outer], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    // As npm and a terminal do between them.
    child.kill(signal);
    child.kill(signal);
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(41);
  },
);

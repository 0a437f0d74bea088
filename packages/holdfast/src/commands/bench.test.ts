import { expect, test } from "vitest";
import { main } from "../main.js";

async function bench(...args: string[]): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const code = await main(["bench", ...args], {
    env: {},
    folder: ".",
    print: (line) => said.push(line),
    note: (line) => said.push(line),
    stopped: new AbortController().signal,
  });
  return { code, said: said.join("\n") };
}

test("bench asks for one scenario and names them all", async () => {
  for (const args of [[], ["fan"], ["fanout", "echo"]]) {
    const { code, said } = await bench(...args);
    expect(code).toBe(2);
    expect(said).toMatch(
      /fanout(, |\|)echo(, |\|)chat(, |\|)ticker(, |\|)idle(, |\|)storm(, |\|)ramp/,
    );
  }
});

test("bench --help says what each scenario does", async () => {
  const { code, said } = await bench("--help");
  expect(code).toBe(0);
  expect(said).toMatch(/storm +everybody is cut, misses something and resumes/);
});

test("bench names the flag that cannot be read", async () => {
  expect(await bench("fanout", "--duration", "soon")).toMatchObject({
    code: 2,
    said: expect.stringContaining("--duration"),
  });
  expect(await bench("fanout", "--namespace", "A:b")).toMatchObject({
    code: 2,
    said: expect.stringContaining("--namespace"),
  });
  expect(await bench("echo", "--target", "tcp")).toMatchObject({
    code: 2,
    said: expect.stringContaining("--target"),
  });
});

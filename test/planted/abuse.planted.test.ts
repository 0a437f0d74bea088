import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { plantedText } from "../../tools/planting.mjs";
import { opposites } from "../abuse/opposites.mjs";

// A test of a protection proves something only if it fails without the protection.

interface Line {
  readonly name: string;
  readonly planted: number;
  readonly passed: number;
  readonly failed: number;
}

const patienceMs = 600_000;
const results = new Map<string, Line>();

beforeAll(async () => {
  const script = fileURLToPath(new URL("../../tools/abuse/run.mjs", import.meta.url));
  const { VITEST: _own, ...env } = process.env;
  const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await once(child, "close");
  for (const each of text.split("\n").filter((line) => line.startsWith("{"))) {
    const line: Line = JSON.parse(each);
    results.set(line.name, line);
  }
}, patienceMs);

describe("with its protection switched off a test fails", () => {
  it.each(opposites)("abuse case $row: $name", ({ row, name }) => {
    expect(results.get(`${row}: ${name}`)).toMatchObject({ planted: 1, passed: 0, failed: 1 });
  });
});

it("a protection whose place is gone is an error and not a pass", async () => {
  const [first] = opposites;
  await expect(plantedText({ ...first!, find: "this text stands nowhere" })).rejects.toThrow(
    "stands 0 times",
  );
});

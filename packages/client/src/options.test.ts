import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { defaultLimits } from "./options.js";

it("docs/client.md names every limit with its default", async () => {
  const page = await readFile(new URL("../../../docs/client.md", import.meta.url), "utf8");
  const [, limits = ""] = page.split("\n## Limits\n");
  const rows = limits.matchAll(/^\| `(?<name>\w+)` \| (?<value>\d+) \|/gm);
  const told = [...rows].map(({ groups }) => [groups!.name, Number(groups!.value)]);
  expect(Object.fromEntries(told)).toEqual(defaultLimits);
});

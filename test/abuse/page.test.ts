import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { abusePage, abuseRows } from "../../tools/abuse/page.mjs";
import { abuseCases } from "./cases.mjs";
import { opposites } from "./opposites.mjs";

// To write the page anew: npx vitest run test/abuse -u
it("docs/abuse-cases.md says which tests and opposites there are", async () => {
  const page = fileURLToPath(new URL("../../docs/abuse-cases.md", import.meta.url));
  await expect(await abusePage()).toMatchFileSnapshot(page);
});

it("every row has tests that can fail, or says why not yet", async () => {
  const open = (await abuseRows()).filter(({ state }) => state === "open");
  expect(open.map(({ abuse }) => abuse.row)).toEqual([]);
  expect(abuseCases.map(({ row }) => row)).toEqual(Array.from({ length: 34 }, (_, i) => i + 1));
});

it("every protection is switched off under a name of its own, for a row that there is", () => {
  const names = opposites.map(({ row, name }) => `${row}: ${name}`);
  expect(new Set(names).size).toBe(names.length);
  for (const { row } of opposites) expect(abuseCases.some((each) => each.row === row)).toBe(true);
});

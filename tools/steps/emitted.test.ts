import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { searchEmitted } from "./emitted.mjs";

const folder = mkdtempSync(join(tmpdir(), "holdfast-emitted-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keep = (name: string, text: string) => writeFileSync(join(folder, name), text);

it("finds what was told in confidence, whichever process says it, and does not repeat it", async () => {
  expect((await searchEmitted(folder)).ok).toBe(false);
  keep("1.secrets", "a-key-of-the-tests\nanother-one\n");
  keep("2.said", "nothing of it\n");
  expect(await searchEmitted(folder)).toMatchObject({ ok: true, told: [], secrets: 2 });
  keep("3.said", 'fine\n{"event":"refused","key":"a-key-of-the-tests"}\n');
  expect(await searchEmitted(folder)).toMatchObject({
    ok: false,
    told: ['{"event":"refused","key":"(the secret)"}'],
  });
});

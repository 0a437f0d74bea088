import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

// What Node 20 lacks must not compile. Each line is planted in a file of its own and compiled with
// the repository's own settings.
const planted = {
  withResolvers: "export const x = Promise.withResolvers<void>();",
  WebSocket: 'export const x = new WebSocket("ws://localhost");',
  CloseEvent: 'export const x = new CloseEvent("close");',
  EventSource: 'export const x = new EventSource("/");',
  fromAsync: "export const x = Array.fromAsync([1]);",
  iteratorHelper: "export const x = [1].values().map((n) => n + 1);",
  setMethod: "export const x = new Set([1]).union(new Set([2]));",
  document: "export const x = document.title;",
};
const control =
  'export const x = [1, 2].toSorted().at(-1); export using y = { [Symbol.dispose]() {} }; export const z = fetch("/");';

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let output: string;

beforeAll(async () => {
  await mkdir(join(root, ".cache"), { recursive: true });
  folder = await mkdtemp(join(root, ".cache", "planted-"));
  for (const [name, text] of Object.entries(planted)) {
    await writeFile(join(folder, `${name}.ts`), `${text}\n`);
  }
  await writeFile(join(folder, "control.ts"), `${control.replace("export using", "using")}\n`);
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: { composite: false, noEmit: true },
      include: ["*.ts"],
    }),
  );
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  output = await new Promise((resolve) => {
    execFile(process.execPath, [tsc, "--pretty", "false", "-p", folder], (_error, stdout) =>
      resolve(stdout),
    );
  });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test.each(Object.keys(planted))("%s does not compile", (name) => {
  expect(output).toMatch(new RegExp(`${name}\\.ts\\(\\d+,\\d+\\): error TS`));
});

test("what Node 20 has does compile", () => {
  expect(output).not.toContain("control.ts");
});

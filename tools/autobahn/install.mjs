import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../steps/run.mjs";
import { say } from "../steps/say.mjs";

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** The name and version the report gives. */
export const suite = "autobahntestsuite 25.10.1";

/**
 * Installs the suite into a virtual environment of its own, and ports it, once.
 * @param {string} folder where everything is kept
 * @returns {Promise<{ python: string, port: string } | { reason: string }>}
 */
export async function installSuite(folder) {
  const venv = join(folder, "venv");
  const port = join(folder, "port");
  const python = join(venv, ...(process.platform === "win32" ? ["Scripts"] : ["bin"]), "python");
  const files = ["requirements.txt", "port.py", "strings.py"].map(here);
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(file));
  const wanted = hash.digest("hex");
  const stamp = join(folder, "stamp");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return { python, port };

  const base = process.env.HOLDFAST_PYTHON ?? "python3";
  const found = await run(base, ["-c", "import sys, venv; sys.exit(sys.version_info < (3, 9))"], {
    quiet: true,
  });
  if (found.code !== 0) return { reason: `${base} is no Python 3.9 or later with venv` };
  say(`Installing ${suite} into .cache (pip).`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  /** @type {readonly [string, readonly string[]][]} */
  const steps = [
    [base, ["-m", "venv", venv]],
    [
      python,
      ["-m", "pip", "install", "--disable-pip-version-check", "-q", "-r", here("requirements.txt")],
    ],
    [
      python,
      [
        "-c",
        "import os, runpy, sys, sysconfig\n" +
          "installed = os.path.join(sysconfig.get_paths()['purelib'], 'autobahntestsuite')\n" +
          "sys.argv = [sys.argv[1], installed, sys.argv[2]]\n" +
          "runpy.run_path(sys.argv[0], run_name='__main__')",
        here("port.py"),
        join(port, "autobahntestsuite"),
      ],
    ],
  ];
  for (const [command, args] of steps) {
    const { code, output } = await run(command, args, { quiet: true });
    if (code !== 0) return { reason: output.trim().split("\n").at(-1) ?? `${command} failed` };
  }
  await writeFile(stamp, wanted);
  return { python, port };
}

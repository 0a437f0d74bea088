import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("./clock_shift.c", import.meta.url));
let library: string | undefined;

/** Compiles the library once for each test process. */
function compiled(): string {
  if (library !== undefined) return library;
  const output = join(mkdtempSync(join(tmpdir(), "hf-clock-")), "clock_shift.so");
  const args = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", output, source];
  const { status, stderr, error } = spawnSync(process.env.CC ?? "cc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`clock_shift.c does not compile: ${error ?? stderr}`);
  library = output;
  return output;
}

/** How far the wall clock of servers under test is ahead of the machine's. */
export class ClockShift {
  readonly #path: string;
  #ms = 0;

  constructor(folder: string) {
    this.#path = join(folder, "clock-shift");
    writeFileSync(this.#path, Buffer.alloc(8));
  }

  /** What a server is started with to have its clock shifted. */
  get env(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: compiled(), HOLDFAST_CLOCK_SHIFT: this.#path };
  }

  /** Shifts further, at once; negative: back. */
  by(ms: number): void {
    this.#ms += ms;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(this.#ms)));
    const file = openSync(this.#path, "r+");
    writeSync(file, bytes, 0, bytes.length, 0);
    closeSync(file);
  }
}

#!/usr/bin/env node
import { main } from "./main.js";

const stopping = new AbortController();
let signals = 0;

// The first signal asks a command to end in good order, the second one ends it at once.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    signals += 1;
    if (signals > 1) process.exit(signal === "SIGINT" ? 130 : 143);
    stopping.abort();
  });
}

// A reader that goes away (`holdfast subscribe … | head -1`) is no fault.
process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  process.exit(cause.code === "EPIPE" ? 0 : 1);
});

/** One line, overwritten in place (ECMA-48: carriage return, erase in line). */
const status = (line: string) => process.stderr.write(`\r\u001b[K${line}`);

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  folder: process.cwd(),
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY ? { status } : {}),
  stopped: stopping.signal,
});

#!/usr/bin/env node
import { main } from "./main.js";
import { roleOf } from "./workers/role.js";

const stopping = new AbortController();
const isWorker = roleOf(process.env) !== undefined;
let signals = 0;

// The first signal asks a command to end in good order, the second one ends it at once. A terminal
// and a service manager send theirs to workers too, whose end is for their supervisor to hasten.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (isWorker && signal === "SIGINT") return;
    signals += 1;
    if (signals > 1 && !isWorker) process.exit(signal === "SIGINT" ? 130 : 143);
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

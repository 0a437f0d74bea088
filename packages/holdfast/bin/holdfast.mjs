#!/usr/bin/env node
// The command as npm links it. It stands here as it is, because a link to what a build makes could
// not be made before that build.
import { existsSync } from "node:fs";

const built = new URL("../dist/cli.js", import.meta.url);
if (existsSync(built)) await import(built.href);
else {
  process.stderr.write("holdfast has not been built yet: npm start or npm run build does that.\n");
  process.exitCode = 1;
}

// npm start: installs what is missing, builds, and runs the gateway with the demo in the
// foreground. Arguments after -- go to holdfast serve.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "./steps/build.mjs";
import { installIfNeeded } from "./steps/install.mjs";
import { complaintAboutNode } from "./steps/node_version.mjs";
import { endWithNpm } from "./steps/parent.mjs";
import { root, run } from "./steps/run.mjs";
import { say } from "./steps/say.mjs";

/** The gateway is in a group of its own: what ends the group of this process does not reach it. */
const endsWithParent = new URL("steps/ends_with_parent.mjs", import.meta.url).href;

/** What a shell makes of SIGKILL, which nobody can answer. */
const killed = 128 + 9;

/** @returns {Promise<number>} the exit code */
async function start() {
  const complaint = complaintAboutNode(process.versions.node);
  if (complaint !== undefined) {
    say(complaint);
    return 1;
  }
  if (!(await installIfNeeded()) || !(await build())) return 1;
  const command = join(root, "packages", "holdfast", "dist", "cli.js");
  if (!existsSync(command)) {
    say("The holdfast command is not part of this build.");
    return 1;
  }
  say("Starting the gateway with the development profile; Ctrl-C stops it.");
  const { code } = await run(
    process.execPath,
    ["--import", endsWithParent, command, "serve", "--dev", ...process.argv.slice(2)],
    { ownGroup: true },
  );
  if (code === killed) say("The gateway was killed from outside. npm start begins anew.");
  return code;
}

endWithNpm();
process.exitCode = await start();

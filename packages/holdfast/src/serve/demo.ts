import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Action, Capabilities } from "@holdfast/protocol";
import type { ConfiguredRules } from "../config/channel-rules.js";

const everything: readonly Action[] = ["subscribe", "publish", "presence", "history"];

/** What everybody on this machine may do under the development profile. */
export const demoCapabilities: Capabilities = { "chat:*": everything, "demo:*": everything };

/**
 * API key of the development profile, where no other is configured. Everybody may know it: that
 * profile only listens on a loopback address.
 */
export const developmentKey = "holdfast-development";

const history = { maxCount: 1000, maxBytes: 1_048_576, maxAgeMs: 86_400_000 };

/** Rules of the demo channels; those of the configuration file stand before them. */
export const demoRules: ConfiguredRules = {
  "chat:*": { history, presence: true },
  "demo:*": { history, presence: true },
};

// The published package carries a copy; in the repository the page itself is served.
const folders = ["../demo/", "../../../../examples/chat/"];

/** Folder with the chat page, where this installation has one. */
export function demoFolder(): string | undefined {
  return folders
    .map((folder) => fileURLToPath(new URL(folder, import.meta.url)))
    .find((folder) => existsSync(`${folder}index.html`));
}

/** The client for browsers, where it has been built. */
export function clientFile(): string | undefined {
  const built = new URL("./browser/client.js", import.meta.resolve("@holdfast/client"));
  return existsSync(built) ? fileURLToPath(built) : undefined;
}

// The chat page goes into the holdfast package, which shows it under `serve --dev`: a copy of
// examples/chat in packages/holdfast/dist/demo, made anew where something differs.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "examples", "chat");
const target = join(root, "packages", "holdfast", "dist", "demo");

/** @param {string} folder */
function contentOf(folder) {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => `${name}\0${readFileSync(join(folder, name), "base64")}`)
      .join("\n");
  } catch {
    return undefined;
  }
}

/**
 * Copies the page where it is not up to date.
 * @returns {{ changed: boolean, text: string }} what happened, in plain words
 */
export function copyDemo() {
  if (contentOf(source) === contentOf(target)) {
    return { changed: false, text: "the chat page is up to date" };
  }
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  cpSync(source, target, { recursive: true });
  return { changed: true, text: "copied the chat page into the holdfast package" };
}

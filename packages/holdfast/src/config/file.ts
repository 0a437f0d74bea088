import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Inputs } from "./resolve.js";
import { UsageError } from "./usage-error.js";

/** Looked for in the working directory when no path is given. */
const defaultFileName = "holdfast.config.json";

/**
 * Reads the configuration file. Without a path a missing default file is no fault.
 * @throws UsageError when a file that was asked for is missing, or one is not JSON
 */
export function readConfigFile(path: string | undefined, folder: string): Inputs["file"] {
  const fullPath = resolve(folder, path ?? defaultFileName);
  let text: string;
  try {
    text = readFileSync(fullPath, "utf8");
  } catch (cause) {
    if (path === undefined && isMissing(cause)) return undefined;
    throw new UsageError(`The configuration file ${fullPath} cannot be read.`, { cause });
  }
  try {
    return { path: path ?? defaultFileName, content: JSON.parse(text) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${path ?? defaultFileName} is not valid JSON: ${reason}`, { cause });
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}

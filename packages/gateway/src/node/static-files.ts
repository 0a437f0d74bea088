import { createReadStream, type Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream";
import { pageHeaders } from "./security-headers.js";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

/** A regular file that may be served. */
export interface ServedFile {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * The file a URL path names below `root`, or undefined. Hidden files, anything that would leave
 * the directory (also by a symbolic link) and paths that are not valid URI text do not exist.
 */
export async function findFile(root: string, urlPath: string): Promise<ServedFile | undefined> {
  const segments = decodeSegments(urlPath);
  if (segments === undefined) return undefined;
  try {
    const base = await realpath(root);
    let path = await realpath(join(base, ...segments));
    if (path !== base && !path.startsWith(base + sep)) return undefined;
    let stats = await stat(path);
    if (stats.isDirectory()) {
      // Without the slash the page's relative links would point beside the directory.
      if (!urlPath.endsWith("/")) return undefined;
      path = await realpath(join(path, "index.html"));
      if (!path.startsWith(base + sep)) return undefined;
      stats = await stat(path);
    }
    return stats.isFile() ? { path, stats } : undefined;
  } catch {
    return undefined;
  }
}

function decodeSegments(urlPath: string): string[] | undefined {
  const segments: string[] = [];
  for (const part of urlPath.split("/")) {
    if (part === "") continue;
    let segment: string;
    try {
      segment = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    // An encoded slash or backslash inside a segment is never an honest file name.
    if (segment.startsWith(".") || /[/\\\0]/.test(segment)) return undefined;
    segments.push(segment);
  }
  return segments;
}

/** Sends a file with its type and a validator (RFC 9110 §8.8.3); the browser asks again each time. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { path, stats }: ServedFile,
): void {
  const etag = `"${stats.size.toString(36)}-${Math.floor(stats.mtimeMs).toString(36)}"`;
  const headers = {
    etag,
    "cache-control": "no-cache",
    "content-type": contentTypes[extname(path).toLowerCase()] ?? "application/octet-stream",
    ...pageHeaders,
  };
  const known = request.headers["if-none-match"];
  if (known?.split(",").some((tag) => tag.trim() === etag)) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  response.writeHead(200, { ...headers, "content-length": stats.size });
  if (request.method === "HEAD" || stats.size === 0) {
    response.end();
    return;
  }
  // `end` keeps to the length announced should the file grow meanwhile.
  pipeline(createReadStream(path, { end: stats.size - 1 }), response, (error) => {
    if (error !== null && error !== undefined) response.destroy();
  });
}

import { embeddedEngines } from "@holdfast/broker";
import type { Options } from "../config/server-options.js";
import { UsageError } from "../config/usage-error.js";
import { engines } from "../engines.js";

/** Largest number of worker processes. */
export const maxWorkers = 128;

type Asked = Pick<Options, "workers" | "workerPort" | "broker" | "tlsSelfSigned">;

/**
 * How many processes are to serve; `processors`: what `auto` means.
 * @throws UsageError for what is not a number of processes, and where several could not share the engine
 */
export function workerCount(options: Asked, processors: number): number {
  const { workers } = options;
  const count = workers === "auto" ? processors : Number(workers);
  if (!Number.isInteger(count) || count < 1 || count > maxWorkers) {
    throw new UsageError(
      `--workers: expected a number from 1 to ${maxWorkers}, or auto, not "${workers}".`,
    );
  }
  // Where auto means one, one is what there is.
  if (count > 1) refuseAlone(options, count);
  return count;
}

/** Engines that processes can share, as somebody would name them: the plain scheme of each. */
const shared = Object.keys(engines)
  .filter((scheme) => !Object.hasOwn(embeddedEngines, scheme) && !isVariant(scheme))
  .map((scheme) => `${scheme}://…`);

/** `redis+cluster` and, with TLS, `rediss`: other ways to say `redis`. */
function isVariant(scheme: string): boolean {
  const isSecure = scheme.endsWith("s") && Object.hasOwn(engines, scheme.slice(0, -1));
  return scheme.includes("+") || isSecure;
}

function refuseAlone({ broker, tlsSelfSigned, workerPort }: Asked, count: number): void {
  const schemes = broker
    .trim()
    .split(/\s+/)
    .map((url) => url.split(":", 1)[0] ?? "");
  const scheme = schemes.find((each) => Object.hasOwn(embeddedEngines, each));
  if (scheme !== undefined) {
    throw new UsageError(
      `--workers ${count} needs an engine that processes can share. Each would have a ${scheme}: of its own, and clients of one would not see what clients of another publish. Use one of a server, such as --broker ${shared.join(" or ")}, or leave --workers out.`,
    );
  }
  if (tlsSelfSigned) {
    throw new UsageError(
      "tlsSelfSigned makes a certificate for one process; with workers, name one with tlsCertFile.",
    );
  }
  if (workerPort > 0 && workerPort + count - 1 > 65_535) {
    throw new UsageError(`--worker-port: ${count} ports from ${workerPort} on go beyond 65535.`);
  }
}

/**
 * Whether this Node can let several processes listen on one port by themselves (`reusePort`, Node
 * 22.12, Linux: the kernel deals new connections out). Elsewhere they share one listening socket.
 */
export function hasReusePort(nodeVersion: string, platform: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return platform === "linux" && (major > 22 || (major === 22 && minor >= 12));
}

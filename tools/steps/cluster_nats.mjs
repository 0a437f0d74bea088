import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.mjs";
import { say } from "./say.mjs";

/** The version whose clusters the proofs harm. The system's package may be older, and such clusters lose what they acknowledged. */
const version = "2.10.27";
/** Names such a server, and is set for the tests. */
export const variable = "HOLDFAST_NATS_CLUSTER_SERVER";

/**
 * Whether a server's own words name a version whose clusters a proof can be made on.
 * @param {string} said by `nats-server --version`
 */
export function isSoundCluster(said) {
  const [, major = "0", minor = "0"] = /v(\d+)\.(\d+)\.\d+/.exec(said) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 10);
}

/** @param {string} server */
const isSound = (server) =>
  isSoundCluster(spawnSync(server, ["--version"], { encoding: "utf8" }).stdout ?? "");

/**
 * Adds to the tests' environment a NATS server new enough for a cluster: the one that is named or there, or one
 * built under .cache where there is Go.
 *
 * @param {Record<string, string>} env of the tests, with the paths of the system's tools
 * @returns {Promise<string | undefined>} what is left out where it cannot be had
 */
export async function provideClusterNats(env) {
  const cache = join(root, ".cache", `nats-server-${version}`);
  const built = join(cache, "nats-server");
  const own = process.env[variable];
  const known = [own, env.HOLDFAST_NATS_SERVER, built].find(
    (server) => server !== undefined && isSound(server),
  );
  if (known === undefined && spawnSync("go", ["version"]).status === 0) {
    say(`Building nats-server ${version} into .cache, for the proof on a cluster; once.`);
    const module = `github.com/nats-io/nats-server/v2@v${version}`;
    const { output } = await run("go", ["install", module], {
      quiet: true,
      env: { ...process.env, GOBIN: cache },
    });
    if (!existsSync(built)) say(`It does not build: ${output.trim().split("\n").at(-1)}`);
  }
  const server = known ?? (existsSync(built) ? built : undefined);
  if (server === undefined) {
    return `NOT RUN: the proof on a NATS cluster. It needs nats-server 2.10 or later, named in ${variable}, or Go to build it.`;
  }
  env[variable] = server;
  return undefined;
}

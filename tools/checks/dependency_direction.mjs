import { posix } from "node:path";
import { packageSource } from "./files.mjs";
import { importsOf } from "./source_text.mjs";

/** @import { SourceFile, Violation } from "./files.mjs" */

/**
 * Who may know whom, as ARCHITECTURE.md has it. A package missing here is a violation: a new one
 * begins with its row.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const mayKnow = {
  core: [],
  fanout: [],
  protocol: ["core"],
  client: ["core", "protocol"],
  broker: ["core", "protocol"],
  redis: ["broker", "core", "protocol"],
  nats: ["broker", "core", "protocol"],
  gateway: ["broker", "core", "fanout", "protocol"],
  service: ["broker", "core", "protocol"],
  rooms: ["broker", "core", "protocol", "service"],
  probe: ["client", "core", "protocol"],
  console: ["client"],
  holdfast: [
    "broker",
    "client",
    "console",
    "core",
    "fanout",
    "gateway",
    "nats",
    "probe",
    "protocol",
    "redis",
    "rooms",
    "service",
  ],
};

/** The folder of a sibling a specifier names, if it names one. @param {string} specifier */
function siblingOf(specifier) {
  return /^@holdfast\/(?<name>[^/]+)/.exec(specifier)?.groups?.name;
}

/** The npm name in a bare specifier. @param {string} specifier */
function npmNameOf(specifier) {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}

/**
 * @param {readonly SourceFile[]} files
 * @returns {Violation[]}
 */
export function checkDependencyDirection(files) {
  const manifests = manifestsOf(files);
  const violations = [];
  for (const [folder, manifest] of manifests) {
    violations.push(...manifestViolations(folder, manifest));
  }
  for (const file of files) {
    const source = packageSource(file.path);
    if (source === undefined) continue;
    for (const { specifier, line } of importsOf(file.text)) {
      const message = importComplaint(source, specifier, manifests.get(source.package));
      if (message !== undefined) violations.push({ path: file.path, line, message });
    }
  }
  violations.push(...cycleViolations(manifests));
  return violations;
}

/**
 * `testsNeed` is what the tests' own code, in `testing/`, may import besides: nothing where a
 * package gives that folder to others.
 * @typedef {{ name: string, needs: Set<string>, testsNeed: Set<string>, path: string }} Manifest
 */

/** @param {readonly SourceFile[]} files */
function manifestsOf(files) {
  /** @type {Map<string, Manifest>} */
  const manifests = new Map();
  for (const { path, text } of files) {
    const folder = /^packages\/(?<folder>[^/]+)\/package\.json$/.exec(path)?.groups?.folder;
    if (folder === undefined) continue;
    const json = JSON.parse(text);
    const needs = new Set(
      [json.dependencies, json.peerDependencies, json.optionalDependencies].flatMap((group) =>
        Object.keys(group ?? {}),
      ),
    );
    const isGivenAway = Object.hasOwn(json.exports ?? {}, "./testing");
    const testsNeed = new Set(isGivenAway ? [] : Object.keys(json.devDependencies ?? {}));
    manifests.set(folder, { name: json.name, needs, testsNeed, path });
  }
  return manifests;
}

/**
 * @param {string} folder
 * @param {Manifest} manifest
 * @returns {Violation[]}
 */
function manifestViolations(folder, { needs, path }) {
  const allowed = mayKnow[folder];
  if (allowed === undefined) {
    return [{ path, message: `packages/${folder} has no row in the table of who may know whom` }];
  }
  return [...needs].flatMap((name) => {
    const sibling = siblingOf(name);
    if (sibling === undefined || allowed.includes(sibling)) return [];
    return [{ path, message: `${folder} may not depend on ${sibling}` }];
  });
}

/**
 * @param {{ package: string, inside: string }} source
 * @param {string} specifier
 * @param {Manifest | undefined} manifest of the importing package
 * @returns {string | undefined}
 */
function importComplaint(source, specifier, manifest) {
  if (specifier.startsWith("node:") || specifier.startsWith("#")) return undefined;
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(source.inside), specifier);
    return target.startsWith("..")
      ? `${specifier} leaves the package; siblings are entered by their doors`
      : undefined;
  }
  const sibling = siblingOf(specifier);
  if (sibling === source.package) return undefined;
  if (sibling !== undefined && !(mayKnow[source.package] ?? []).includes(sibling)) {
    return `${source.package} may not import ${sibling}`;
  }
  const isOfTests = /(?:^|\/)testing\//.test(source.inside);
  if (specifier.endsWith("/testing") && !isOfTests) {
    return `${specifier} is for tests only`;
  }
  const name = npmNameOf(specifier);
  if (manifest === undefined || name === manifest.name) return undefined;
  if (!manifest.needs.has(name) && !(isOfTests && manifest.testsNeed.has(name))) {
    return `${name} is imported but not declared in ${manifest.path}`;
  }
  return undefined;
}

/**
 * @param {Map<string, Manifest>} manifests
 * @returns {Violation[]}
 */
function cycleViolations(manifests) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {Violation[]} */
  const violations = [];
  const visit = (/** @type {string} */ folder, /** @type {readonly string[]} */ trail) => {
    if (trail.includes(folder)) {
      const path = manifests.get(folder)?.path ?? folder;
      violations.push({ path, message: `cycle: ${[...trail, folder].join(" → ")}` });
      return;
    }
    if (done.has(folder)) return;
    for (const need of manifests.get(folder)?.needs ?? []) {
      const sibling = siblingOf(need);
      if (sibling !== undefined) visit(sibling, [...trail, folder]);
    }
    done.add(folder);
  };
  for (const folder of manifests.keys()) visit(folder, []);
  return violations;
}

/** @import { SourceFile, Violation } from "./files.mjs" */

const exact = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/**
 * The same packages on every machine: exact versions, and a lockfile that names no download
 * address, so that any registry can serve it.
 * @param {readonly SourceFile[]} files
 * @returns {Violation[]}
 */
export function checkPinnedPackages(files) {
  return files.flatMap((file) => {
    if (/(?:^|\/)package\.json$/.test(file.path)) return manifestViolations(file);
    if (file.path === "package-lock.json") return lockfileViolations(file);
    if (/(?:^|\/)(?:yarn\.lock|pnpm-lock\.yaml|npm-shrinkwrap\.json)$/.test(file.path)) {
      return [{ path: file.path, message: "package-lock.json is the only lockfile" }];
    }
    if (
      file.path === ".npmrc" &&
      !/^omit-lockfile-registry-resolved\s*=\s*true$/m.test(file.text)
    ) {
      return [{ path: file.path, message: "omit-lockfile-registry-resolved=true is missing" }];
    }
    return [];
  });
}

/**
 * @param {SourceFile} file
 * @returns {Violation[]}
 */
function manifestViolations({ path, text }) {
  const manifest = JSON.parse(text);
  /** @type {Violation[]} */
  const violations = [];
  for (const group of ["dependencies", "devDependencies", "optionalDependencies"]) {
    for (const [name, version] of Object.entries(manifest[group] ?? {})) {
      if (!exact.test(String(version))) {
        violations.push({
          path,
          message: `${group}: ${name} is "${version}", not an exact version`,
        });
      }
    }
  }
  return violations;
}

/**
 * @param {SourceFile} file
 * @returns {Violation[]}
 */
function lockfileViolations({ path, text }) {
  const lock = JSON.parse(text);
  /** @type {Violation[]} */
  const violations = [];
  const say = (/** @type {string} */ message) => violations.push({ path, message });
  if (lock.lockfileVersion !== 3) say(`lockfileVersion is ${lock.lockfileVersion}, not 3`);
  const packages = lock.packages ?? {};
  for (const [where, entry] of Object.entries(packages)) {
    if (!where.includes("node_modules/") || entry.link === true) continue;
    if (entry.resolved !== undefined) say(`${where} carries a download address ("resolved")`);
    if (entry.integrity === undefined && entry.inBundle !== true) say(`${where} has no integrity`);
    // A lockfile written over an existing node_modules may lose other systems' binaries.
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (!packages[`${where}/node_modules/${name}`] && !packages[`node_modules/${name}`]) {
        say(`${where}: the optional package ${name} is missing; other systems could not install`);
      }
    }
  }
  return violations;
}

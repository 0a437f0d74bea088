/**
 * Objects and arrays that may stand inside each other in a patch. Publications are held to less
 * (setting `maxDataDepth`, and the engine's own bound), so only a caller of its own meets it.
 */
export const maxPatchDepth = 256;

type Members = Readonly<Record<string, unknown>>;

/** A JSON object; arrays and scalars replace what they meet as a whole. */
function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets a member and never a prototype: assigning to `__proto__` would do that. */
function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") target[name] = value;
  else {
    Object.defineProperty(target, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}

function merged(target: Members, patch: Members, depth: number): Members {
  let result: Record<string, unknown> | undefined;
  for (const name of Object.keys(patch)) {
    const change = patch[name];
    // Not JSON: on the wire it would not be there.
    if (change === undefined) continue;
    // Inherited members (`constructor`, `toString` …) are no part of the state.
    const has = Object.hasOwn(target, name);
    const before = has ? target[name] : undefined;
    const after = change === null ? undefined : patched(before, change, depth - 1);
    if (after === undefined ? !has : has && after === before) continue;
    result ??= { ...target };
    if (after === undefined) delete result[name];
    else setMember(result, name, after);
  }
  return result ?? target;
}

function patched(target: unknown, patch: unknown, depth: number): unknown {
  if (!isMembers(patch)) return patch;
  if (depth === 0) throw new RangeError(`a patch is at most ${maxPatchDepth} levels deep`);
  return merged(isMembers(target) ? target : {}, patch, depth);
}

/**
 * JSON Merge Patch (RFC 7396 §2): the members of `patch` replace those of `target`, `null` takes one
 * out, objects are merged, anything else replaces the whole. Neither is changed: what the patch does
 * not touch is shared with `target`, and a patch that changes nothing gives `target` itself, so that
 * observers may compare by reference. Throws `RangeError` for a patch nested deeper than 256 levels.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  return patched(target, patch, maxPatchDepth);
}

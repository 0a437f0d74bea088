/** Stands for the user's own name in a capability: `user:{sub}:*`. */
export const USER_PLACEHOLDER = "{sub}";

/** No `:` or `/`, or one user's channels could lie within another's, and no `*`, or they could be everybody's. */
const OWNABLE_USER = /^[A-Za-z0-9_.~@-]+$/;

/**
 * A capability's pattern with the user's name in it; undefined: it permits nothing to this user, who
 * has no name or one that cannot stand in a channel name as one part.
 */
export function patternFor(pattern: string, user: string | undefined): string | undefined {
  if (!pattern.includes(USER_PLACEHOLDER)) return pattern;
  if (user === undefined || !OWNABLE_USER.test(user)) return undefined;
  return pattern.replaceAll(USER_PLACEHOLDER, () => user);
}

/**
 * A test for names by pattern: `*` matches everything, `chat:*` what begins with `chat:`,
 * anything else only itself. A `*` elsewhere is an ordinary character and so matches nothing.
 */
export function compilePattern(pattern: string): (name: string) => boolean {
  if (pattern === "*") return () => true;
  if (pattern.endsWith("*")) {
    const prefix = pattern.slice(0, -1);
    return (name) => name.startsWith(prefix);
  }
  return (name) => name === pattern;
}

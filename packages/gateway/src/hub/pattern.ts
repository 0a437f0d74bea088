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

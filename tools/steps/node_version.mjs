/** The oldest Node that everything here runs on; `engines` in package.json says the same. */
export const oldestNode = "20.19.0";

/**
 * Why this Node cannot be used, in words for the person at the keyboard, or undefined if it can.
 * @param {string} version such as "20.19.0"
 * @returns {string | undefined}
 */
export function complaintAboutNode(version) {
  const have = version.split(".").map(Number);
  const need = oldestNode.split(".").map(Number);
  for (let i = 0; i < need.length; i++) {
    const difference = (have[i] ?? 0) - (need[i] ?? 0);
    if (difference > 0) return undefined;
    if (difference < 0) {
      return `Holdfast needs Node ${oldestNode} or later (24 is recommended); this is Node ${version}.`;
    }
  }
  return undefined;
}

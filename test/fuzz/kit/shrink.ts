/**
 * The smallest input found that still fails: pieces are left out, large ones first, then bytes become
 * the plainest there is. Gives up after `maxTries`.
 */
export async function shrink(
  input: Buffer,
  fails: (candidate: Buffer) => Promise<boolean>,
  maxTries = 2_000,
): Promise<Buffer> {
  let smallest = input;
  let tries = 0;
  const isSmaller = async (candidate: Buffer): Promise<boolean> => {
    if (tries++ >= maxTries || !(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let size = smallest.length >> 1; size >= 1 && tries < maxTries; size >>= 1) {
    for (let at = 0; at < smallest.length && tries < maxTries; ) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (!(await isSmaller(without))) at += size;
    }
  }
  for (let at = 0; at < smallest.length && tries < maxTries; at++) {
    if (smallest[at] === 0x30) continue;
    const plainer = Buffer.from(smallest);
    plainer[at] = 0x30;
    await isSmaller(plainer);
  }
  return smallest;
}

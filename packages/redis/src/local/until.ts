const patienceMs = 20_000;

/** Waits for what servers bring about among themselves. */
export async function until(
  come: () => boolean | Promise<boolean>,
  withinMs = patienceMs,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await come())) {
    if (performance.now() > endMs) throw new Error("it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

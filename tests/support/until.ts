/**
 * Waits for a condition.
 *
 * @module
 */

/** Settles when a condition holds; throws if it does not hold within the timeout. */
export async function until(isSo: () => Promise<boolean>, timeoutMs = 28_000): Promise<void> {
  for (const endMs = Date.now() + timeoutMs; !await isSo();) {
    if (Date.now() > endMs) {
      throw new Error(`The condition does not hold after ${timeoutMs} ms: ${isSo}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Waiting for what happens in its own time.
 *
 * @module
 */

/** Settles when a condition holds; throws when it does not within some seconds. */
export async function until(isSo: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  for (const endMs = Date.now() + timeoutMs; !await isSo();) {
    if (Date.now() > endMs) throw new Error(`It is not so after ${timeoutMs} ms: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

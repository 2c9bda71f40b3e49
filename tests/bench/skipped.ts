/**
 * Messages about what the bench leaves out.
 *
 * @module
 */

/** Prints what is left out, and why, to standard error. */
export function reportSkipped(name: string, reason: unknown): void {
  const text = String(reason instanceof Error ? reason.message : reason);
  console.error(`skipped: ${name}: ${text.replaceAll(/\s*\n\s*/g, "; ")}`);
}

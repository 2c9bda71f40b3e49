/**
 * Versions of the runtime, for what older ones do in another way.
 *
 * @module
 */

/** Whether a version of Deno is older than 2.`minor`. */
export function isBefore(version: string, minor: number): boolean {
  const [ofMajor, ofMinor] = version.split(".").map(Number);
  return ofMajor < 2 || ofMajor === 2 && ofMinor < minor;
}

/**
 * Parts of the schemas of alerts and maintenance windows that occur in several of them.
 *
 * @module
 */

/** An error of an object that is none; unknown properties are worded elsewhere. */
export function objectError(
  sentence: string,
): { error: (issue: { code?: string }) => string | undefined } {
  return { error: (issue) => issue.code === "invalid_type" ? sentence : undefined };
}

/** A rule for whole seconds. */
export function secondsRule(name: string, least: number, most: number): string {
  return `${name} must be a whole number of ${least} to ${most}`;
}

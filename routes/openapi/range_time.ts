/**
 * The start and the end of a range of time in a query or a body: what they may be, in words and as a
 * pattern. `data/time/range_text.ts` reads them.
 *
 * @module
 */

import { RANGE_PATTERN } from "../../data/time/range_text.ts";

/** The rule for either end of a range, as an error states it. */
export function rangeTimeRule(name: string): string {
  return `${name} must be an ISO 8601 date or time, such as 2024-01-31 or 2024-01-31T12:00:00Z`;
}

/** What the schema of either end says about it. */
export function rangeTimeMeta(
  description: string,
  example: string,
): { description: string; pattern: string; examples: string[] } {
  return { description, pattern: RANGE_PATTERN.source, examples: [example] };
}

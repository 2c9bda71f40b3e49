/**
 * How requests write the start and the end of a range of time. `data/time/range_text.ts` reads them.
 *
 * @module
 */

/** The rule for either end of a range, as an error states it. */
export function rangeTimeRule(name: string): string {
  return `${name} must be an ISO 8601 date or time, such as 2024-01-31 or 2024-01-31T12:00:00Z`;
}

/** Metadata of a schema. */
type Meta = { description: string; anyOf: { type: string; format: string }[]; examples: string[] };

/**
 * The schema of either end: a time or a bare date. The service also reads what the format `date-time`
 * leaves out, such as a time without an offset or without seconds.
 */
export function rangeTimeMeta(description: string, example: string): Meta {
  return {
    description,
    anyOf: [{ type: "string", format: "date-time" }, { type: "string", format: "date" }],
    examples: [example],
  };
}

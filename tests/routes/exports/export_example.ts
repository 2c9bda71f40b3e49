/**
 * The example of the contract as a request for an export, and a clock that is well after it.
 *
 * @module
 */

import { type JsonAnswer, postJson } from "../../support/service.ts";

/** 2024-06-01T12:00:00.789Z, a Saturday. The fraction must not appear in HTTP dates. */
export const NOW_MS = Date.UTC(2024, 5, 1, 12, 0, 0, 789);

/** The body of the example. */
export const EXAMPLE = {
  smart_meter_id: "123",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-01-31T23:59:59Z",
  format: "csv",
} as const;

/** Ten minutes of the meter, both ends inclusive. */
export const TEN_MINUTES = { ...EXAMPLE, end_datetime: "2024-01-01T00:10:00Z" } as const;

/** Creates the export of the example, with changes. */
export function postExport(
  url: string,
  changes: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  return postJson(`${url}/api/export/csv`, { ...EXAMPLE, ...changes }, headers);
}

/**
 * The export request of the contract's example, and a clock that stands well behind it.
 *
 * @module
 */

import { type JsonAnswer, postJson } from "../../support/service.ts";

/** 2024-06-01T12:00:00.789Z, a Saturday; the fraction must not show in HTTP dates. */
export const NOW_MS = Date.UTC(2024, 5, 1, 12, 0, 0, 789);

/** The body of the contract's example. */
export const EXAMPLE = {
  smart_meter_id: "123",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-01-31T23:59:59Z",
  format: "csv",
} as const;

/** Ten minutes of the example's meter, both ends included. */
export const TEN_MINUTES = { ...EXAMPLE, end_datetime: "2024-01-01T00:10:00Z" } as const;

/** Asks for the example's export, with changes. */
export function postExport(
  url: string,
  changes: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  return postJson(`${url}/api/export/csv`, { ...EXAMPLE, ...changes }, headers);
}

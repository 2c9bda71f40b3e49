/**
 * The columns of what is uploaded about stores, and what their fields may be.
 *
 * @module
 */

import { isStoreId, STORE_ID_RULE } from "../limits.ts";
import type { TableColumn } from "../text/table_header.ts";
import type { RowProblem } from "../text/upload_reader.ts";

/** Whose row it is. */
export const STORE_COLUMN: TableColumn = { name: "store_id", aliases: ["store"] };

/** Columns of polls. */
export const STATUS_COLUMNS: readonly TableColumn[] = [
  STORE_COLUMN,
  { name: "timestamp_utc", aliases: ["timestamp", "time_utc"] },
  { name: "status", aliases: [] },
];

/** Columns of business hours. */
export const HOURS_COLUMNS: readonly TableColumn[] = [
  STORE_COLUMN,
  { name: "day_of_week", aliases: ["day", "weekday"] },
  { name: "start_time_local", aliases: ["start_time", "start"] },
  { name: "end_time_local", aliases: ["end_time", "end"] },
];

/** Columns of time zones. */
export const ZONE_COLUMNS: readonly TableColumn[] = [
  STORE_COLUMN,
  { name: "timezone_str", aliases: ["timezone", "time_zone", "tz"] },
];

/** What is wrong with a store's id, or null. */
export function storeIdProblem(id: string): RowProblem | null {
  return isStoreId(id) ? null : { field: STORE_COLUMN.name, value: id, rule: STORE_ID_RULE };
}

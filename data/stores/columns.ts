/**
 * The columns of uploads about stores, and the rule for store ids.
 *
 * @module
 */

import { type MayTouch, TOUCH_RULES } from "../access/touch_rule.ts";
import { isStoreId, STORE_ID_RULE } from "../limits.ts";
import type { TableColumn } from "../text/table_header.ts";
import type { RowProblem } from "../text/upload_reader.ts";

/** The column of the store's id. */
export const STORE_COLUMN: TableColumn = { name: "store_id", aliases: ["store"] };

/** The columns of polls. */
export const STATUS_COLUMNS: readonly TableColumn[] = [
  STORE_COLUMN,
  { name: "timestamp_utc", aliases: ["timestamp", "time_utc"] },
  { name: "status", aliases: [] },
];

/** The columns of business hours. */
export const HOURS_COLUMNS: readonly TableColumn[] = [
  STORE_COLUMN,
  { name: "day_of_week", aliases: ["day", "weekday"] },
  { name: "start_time_local", aliases: ["start_time", "start"] },
  { name: "end_time_local", aliases: ["end_time", "end"] },
];

/** The columns of time zones. */
export const ZONE_COLUMNS: readonly TableColumn[] = [
  STORE_COLUMN,
  { name: "timezone_str", aliases: ["timezone", "time_zone", "tz"] },
];

/** What is wrong with a store's id, or null if nothing is. Every store may be touched by default. */
export function storeIdProblem(id: string, mayTouch?: MayTouch): RowProblem | null {
  if (!isStoreId(id)) return { field: STORE_COLUMN.name, value: id, rule: STORE_ID_RULE };
  if (mayTouch === undefined || mayTouch(id)) return null;
  return { field: STORE_COLUMN.name, value: id, rule: TOUCH_RULES.store };
}

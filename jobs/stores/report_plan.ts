/**
 * What a report measures, worked out from values that a message can carry.
 *
 * @module
 */

import { rangeColumns, type ReportColumn, uptimeColumns } from "../../data/stores/report_table.ts";
import type { StoreReportParams } from "./report_contract.ts";
import { measureRange, measureWindows, type ReportMeasure } from "./report_rows.ts";

/** A report whose end is known. */
export interface ReportSpec {
  /** The request. */
  readonly params: StoreReportParams;
  /** The end of the windows, epoch milliseconds; null if there are no polls. A range has its own. */
  readonly asOfMs: number | null;
  /** From when a period counts, epoch milliseconds. */
  readonly nowMs: number;
}

/** How it is made. */
export interface ReportPlan {
  /** How to measure stores; null if there is nothing to measure. */
  readonly measure: ReportMeasure | null;
  /** The columns of its rows. */
  readonly columns: readonly ReportColumn[];
}

/** Plans a report. */
export function planReport({ params, asOfMs, nowMs }: ReportSpec): ReportPlan {
  const measure = measureOf({ params, asOfMs, nowMs });
  return { measure, columns: measure?.columns ?? columnsOf(params) };
}

function measureOf({ params, asOfMs, nowMs }: ReportSpec): ReportMeasure | null {
  const { range } = params;
  if (range !== undefined) return measureRange({ ...params, range }, nowMs);
  return asOfMs === null ? null : measureWindows(params, asOfMs);
}

/** The columns of a report without rows. */
function columnsOf({ range, maxHoldMs, staleAfterMs }: StoreReportParams): ReportColumn[] {
  const shape = { hasUnknown: maxHoldMs !== null, hasStale: staleAfterMs !== undefined };
  return range === undefined ? uptimeColumns(shape) : rangeColumns(shape);
}

/**
 * What a report has to know before it reads the polls of stores.
 *
 * @module
 */

import { matchesPattern } from "../../data/access/id_pattern.ts";
import type { PollSource } from "./poll_source.ts";
import type { StoreReportParams } from "./report_contract.ts";
import type { ReportSpec } from "./report_plan.ts";

/** When a report was requested, and when it is made; epoch milliseconds. */
export interface ReportTimes {
  /** When it was requested. */
  readonly createdMs: number;
  /** Now: later polls are of the future. */
  readonly nowMs: number;
}

/** A report that is ready to be written. */
export interface OpenedReport {
  /** What it is about. */
  readonly spec: ReportSpec;
  /** Which stores it is about. */
  readonly wants: (id: string) => boolean;
  /** About how many stores there are. */
  readonly seriesCount: number;
  /** Which part of the work is done once so many stores have been looked through, 0 to 1. */
  shareOf(looked: number): number;
}

/** Opens a report. */
export async function openReport(
  polls: Pick<PollSource, "extent" | "latestMs">,
  params: StoreReportParams,
  { createdMs, nowMs }: ReportTimes,
): Promise<OpenedReport> {
  const { visible, storeIds, range } = params;
  const isVisible = visible === undefined
    ? () => true
    : (id: string) => visible.some((pattern) => matchesPattern(pattern, id));
  const wanted = storeIds === undefined ? null : new Set(storeIds);
  const { seriesCount, lastMs } = await polls.extent();

  /** The time of the latest poll that is not in the future. */
  async function latestMs(): Promise<number | null> {
    if (visible !== undefined) return await polls.latestMs(nowMs, isVisible);
    if (lastMs === null || lastMs <= nowMs) return lastMs;
    return await polls.latestMs(nowMs, () => true);
  }

  return {
    spec: {
      params,
      nowMs: params.atMs ?? createdMs,
      asOfMs: range !== undefined ? null : params.asOfMs ?? await latestMs(),
    },
    seriesCount,
    wants: (id) => isVisible(id) && wanted?.has(id) !== false,
    // Who does not see all stores must not learn how many there are.
    shareOf: (looked) => visible === undefined ? looked / Math.max(looked, seriesCount, 1) : 0,
  };
}

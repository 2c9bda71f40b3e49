/**
 * The kind of job that writes how long each store was up and down into a file.
 *
 * @module
 */

import { matchesPattern } from "../../data/access/id_pattern.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import { createPollAgeCounter, type PollAges } from "../../data/stores/poll_ages.ts";
import { reportRangeSpan } from "../../data/stores/report_range.ts";
import {
  rangeColumns,
  type ReportCell,
  type ReportColumn,
  uptimeColumns,
} from "../../data/stores/report_table.ts";
import { localDate } from "../../data/time/zone.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { listRejectedHours } from "../../kv/stores/rejected_hours.ts";
import { listStoreSettings } from "../../kv/stores/stores.ts";
import type { Deflaters } from "../engine/deflaters.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import {
  reportFilename,
  STORE_REPORT,
  type StoreReportParams,
  storeReportParams,
  type StoreReportResult,
} from "./report_contract.ts";
import { reportFile } from "./report_file.ts";
import { measureRange, measureWindows, type ReportMeasure } from "./report_rows.ts";

/** How many rows are written at once. */
const ROWS_AT_ONCE = 2_000;
/** How many stores without polls the record of a report names. */
const MISSING_LISTED = 100;

/** What a report needs. */
export interface StoreReportDeps {
  /** The database, for the hours and zones of stores. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Where polls are. */
  readonly series: Pick<SeriesStore, "extent" | "scan">;
  /** Where the file goes. */
  readonly files: Pick<FileStore, "write">;
  /** Compressors of files. */
  readonly deflaters: Deflaters;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates the kind. A run fails if the file store does. */
export function storeReport(deps: StoreReportDeps): JobKind {
  return {
    name: STORE_REPORT,
    failure: {
      code: "REPORT_FAILED",
      message: "The report could not be completed",
      details: "An unexpected error ended it; the log of the service names the cause",
    },
    run: (context) => runReport(deps, context),
  };
}

/** A report that is ready to be measured. */
interface Report extends StoreReportParams {
  /** How to measure stores; null if there is nothing to measure. */
  readonly measure: ReportMeasure | null;
  /** The columns of its rows. */
  readonly columns: readonly ReportColumn[];
  /** The end of what it covers, epoch milliseconds; null without polls. */
  readonly asOfMs: number | null;
  /** About how many stores it looks through; null if that must not show in the progress. */
  readonly seriesCount: number | null;
  /** Whether a store exists for whoever requested the report. */
  readonly isVisible: (id: string) => boolean;
}

async function runReport(deps: StoreReportDeps, context: JobContext): Promise<JobOutcome> {
  const { signal } = context;
  const report = await openReport(deps, context);
  const counts = createCounts(report);
  const rows = reportRows(deps, report, { ...context, counts });
  using deflater = deps.deflaters.open();
  const { body, contentType, extension } = reportFile(report.format ?? "csv", report.columns, {
    rows,
    deflater,
  });
  const written = await deps.files.write(context.artifactName, body, signal);
  const { pollAges, ...result } = counts.result();
  return {
    artifact: {
      name: context.artifactName,
      filename: `${filenameOf(report, context)}.${extension}`,
      contentType,
      ...written,
    },
    result: { ...result, pollAges: { ...pollAges } },
  };
}

async function openReport(deps: StoreReportDeps, context: JobContext): Promise<Report> {
  const params = storeReportParams.parse(context.params);
  const { range, visible } = params;
  const isVisible = visible === undefined
    ? () => true
    : (id: string) => visible.some((pattern) => matchesPattern(pattern, id));
  const { seriesCount, lastMs } = await deps.series.extent("site");
  const opened = (measure: ReportMeasure | null): Report => ({
    ...params,
    isVisible,
    seriesCount: visible === undefined ? seriesCount : null,
    measure,
    asOfMs: measure?.endMs ?? null,
    columns: measure?.columns ?? columnsOf(params),
  });
  if (range !== undefined) {
    return opened(measureRange({ ...params, range }, params.atMs ?? context.createdMs));
  }
  const { signal } = context;
  const asOfMs = params.asOfMs ??
    (visible === undefined
      ? await lastPollMs(deps, lastMs, signal)
      : await latestPollMs(deps.series, { upToMs: deps.now(), isVisible }, signal));
  return opened(asOfMs === null ? null : measureWindows(params, asOfMs));
}

/** The columns of a report without rows. */
function columnsOf({ range, maxHoldMs, staleAfterMs }: StoreReportParams): ReportColumn[] {
  const shape = { hasUnknown: maxHoldMs !== null, hasStale: staleAfterMs !== undefined };
  return range === undefined ? uptimeColumns(shape) : rangeColumns(shape);
}

/** The name of the file, without an ending. */
function filenameOf({ range, asOfMs, atMs }: Report, { jobId, createdMs }: JobContext): string {
  const zone = range?.zone ?? DEFAULT_STORE_ZONE;
  const span = range === undefined ? null : reportRangeSpan(range, zone, atMs ?? createdMs);
  if (span === null) return reportFilename(jobId, { asOfMs });
  const days = [localDate(zone, span.fromMs), localDate(zone, span.toMs - 1)] as const;
  return reportFilename(jobId, { asOfMs, days });
}

/** The time of the latest poll that is not in the future. */
async function lastPollMs(
  { series, now }: StoreReportDeps,
  lastMs: number | null,
  signal: AbortSignal,
): Promise<number | null> {
  const nowMs = now();
  if (lastMs === null || lastMs <= nowMs) return lastMs;
  return await latestPollMs(series, { upToMs: nowMs, isVisible: () => true }, signal);
}

/** The time of the latest poll of the visible stores up to a time, or null if there is none. */
async function latestPollMs(
  series: StoreReportDeps["series"],
  { upToMs, isVisible }: { upToMs: number; isVisible: Report["isVisible"] },
  signal: AbortSignal,
): Promise<number | null> {
  // The span is empty, so each page has one row: the last poll before it.
  const span = { fromMs: upToMs + 1, toMs: upToMs + 1 };
  let latestMs: number | null = null;
  for await (const stores of series.scan("site", span, signal)) {
    for (const { id, page: { timesMs } } of stores) {
      if (isVisible(id)) latestMs = Math.max(latestMs ?? 0, timesMs[0]);
    }
  }
  return latestMs;
}

/** Counts what the status of a report shows. */
interface Counts {
  add(store: { id: string; ageMs: number; hasRejectedHours: boolean }): void;
  addRow(): void;
  result(): StoreReportResult & { pollAges: PollAges };
}

function createCounts({ asOfMs, staleAfterMs, range, storeIds }: Report): Counts {
  const ages = createPollAgeCounter();
  const missing = new Set(storeIds);
  let storeCount = 0, staleCount = 0, rejectedHoursCount = 0, rowCount = 0;
  return {
    add({ id, ageMs, hasRejectedHours }) {
      ages.add(ageMs);
      missing.delete(id);
      storeCount++;
      if (staleAfterMs !== undefined && ageMs > staleAfterMs) staleCount++;
      if (hasRejectedHours) rejectedHoursCount++;
    },
    addRow: () => void rowCount++,
    result: () => ({
      storeCount,
      asOfMs,
      pollAges: ages.counts(),
      staleCount: staleAfterMs === undefined ? null : staleCount,
      rejectedHoursCount,
      ...(range === undefined ? {} : { rowCount }),
      ...(storeIds === undefined
        ? {}
        : { storesWithoutPolls: [...missing.values().take(MISSING_LISTED)] }),
    }),
  };
}

/** The rows of the file, some at a time. */
async function* reportRows(
  { kv, series }: StoreReportDeps,
  { measure, storeIds, seriesCount, isVisible }: Report,
  { signal, progress, counts }: Pick<JobContext, "signal" | "progress"> & { counts: Counts },
): AsyncGenerator<(readonly ReportCell[])[]> {
  if (measure === null) return;
  const wanted = storeIds === undefined ? null : new Set(storeIds);
  let scanned = 0, done = 0;
  const settings = createFollower(listStoreSettings(kv), ({ id }) => id);
  const rejected = createFollower(listRejectedHours(kv), (id) => id);
  let rows: (readonly ReportCell[])[] = [];
  for await (const stores of series.scan("site", measure.span, signal)) {
    for (const { id, page } of stores) {
      if (!isVisible(id) || wanted?.has(id) === false) continue;
      const measured = measure.measure(id, page, await settings.find(id));
      if (measured === null) continue;
      counts.add({ id, ageMs: measured.ageMs, hasRejectedHours: await rejected.find(id) !== null });
      done++;
      for (const row of measured.rows) {
        counts.addRow();
        if (rows.push(row) < ROWS_AT_ONCE) continue;
        yield rows;
        rows = [];
      }
    }
    scanned += stores.length;
    progress({
      done,
      share: seriesCount === null ? 0 : scanned / Math.max(scanned, seriesCount, 1),
    });
  }
  yield rows;
}

/** Finds items of a list that is sorted by id, for ids in ascending order. */
function createFollower<T>(
  all: AsyncGenerator<T>,
  idOf: (item: T) => string,
): { find(id: string): Promise<T | null> } {
  let next: IteratorResult<T> | null = null;
  return {
    async find(id) {
      next ??= await all.next();
      while (!next.done && idOf(next.value) < id) next = await all.next();
      return !next.done && idOf(next.value) === id ? next.value : null;
    },
  };
}

/**
 * The kind of job that writes how long each store was up and down into a file.
 *
 * A worker measures the stores and writes the file if there are many (`write_in_thread.ts`), else this
 * thread. Both run `write_report.ts`.
 *
 * @module
 */

import { matchesPattern } from "../../data/access/id_pattern.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { DAY_MS, HOUR_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import { reportRangeSpan } from "../../data/stores/report_range.ts";
import { localDate } from "../../data/time/zone.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { Deflaters } from "../engine/deflaters.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import type { Threads } from "../engine/threads.ts";
import { reportFilename, STORE_REPORT, storeReportParams } from "./report_contract.ts";
import { reportFileType } from "./report_file.ts";
import { planReport, type ReportSpec } from "./report_plan.ts";
import { withSettings } from "./report_stores.ts";
import { type ThreadReportParts, writeInThread } from "./write_in_thread.ts";
import { writeReport, type WrittenReport } from "./write_report.ts";

/** Less work than this is done sooner than a worker is asked: 500 stores take about 30 ms. */
const THREAD_MIN_STORES = 500;
/** Measuring a store takes as long as writing so many rows. */
const ROWS_PER_STORE = 10;

/** What a report needs. */
export interface StoreReportDeps {
  /** The database, for the hours and zones of stores. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Where polls are. */
  readonly series: Pick<SeriesStore, "extent" | "scan" | "scanPacked">;
  /** Where the file goes. */
  readonly files: Pick<FileStore, "write" | "folder" | "discard">;
  /** Compressors of files. */
  readonly deflaters: Deflaters;
  /** Workers that write files; none by default. */
  readonly threads?: Threads;
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

/** A report that is ready to be written. */
interface Report extends ReportSpec {
  /** Which stores it is about. */
  readonly wants: (id: string) => boolean;
  /** About how many stores it looks through. */
  readonly seriesCount: number;
  /** Whether that may show in the progress. */
  readonly showsCount: boolean;
}

async function runReport(deps: StoreReportDeps, context: JobContext): Promise<JobOutcome> {
  const report = await openReport(deps, context);
  const { file, counts: { pollAges, ...result } } = await write(deps, context, report);
  const { contentType, extension } = reportFileType(report.params.format ?? "csv");
  return {
    artifact: {
      name: context.artifactName,
      filename: `${filenameOf(report, result.asOfMs, context.jobId)}.${extension}`,
      contentType,
      ...file,
    },
    result: { ...result, pollAges: { ...pollAges } },
  };
}

/** Writes the file in a worker or on this thread. */
async function write(
  { kv, series, files, deflaters, threads }: StoreReportDeps,
  context: JobContext,
  { wants, seriesCount, showsCount, ...spec }: Report,
): Promise<WrittenReport> {
  const { signal, artifactName } = context;
  const { measure } = planReport(spec);
  const span = { fromMs: 0, toMs: 0, ...measure?.span };

  /** Begins to read, from the first store. */
  function begin(): ThreadReportParts {
    const scan = series.scanPacked("site", { ...span, wants }, signal);
    let looked = 0;
    return {
      async *batches() {
        for await (const batch of withSettings(kv, scan.batches)) {
          looked += batch.looked;
          yield batch;
        }
      },
      damaged: (error) => Promise.resolve(scan.damaged(error)),
      onDone: (done) =>
        context.progress({
          done,
          share: showsCount ? looked / Math.max(looked, seriesCount, 1) : 0,
        }),
    };
  }

  if (threads !== undefined && isForThread(spec, { seriesCount, span })) {
    const written = await writeInThread({ files, threads }, context, { ...begin(), spec });
    if (written !== null) return written;
  }
  using deflater = deflaters.open();
  const writeFile = (body: ReadableStream<Uint8Array<ArrayBuffer>>) =>
    files.write(artifactName, body, signal);
  return await writeReport({ ...begin(), deflater, write: writeFile }, spec);
}

function isForThread(
  { params: { bucket, storeIds } }: ReportSpec,
  { seriesCount, span: { fromMs, toMs } }: { seriesCount: number; span: Span },
): boolean {
  const stores = Math.min(seriesCount, storeIds?.length ?? Infinity);
  const rows = bucket === undefined ? 1 : (toMs - fromMs) / (bucket === "hour" ? HOUR_MS : DAY_MS);
  return stores * (1 + rows / ROWS_PER_STORE) >= THREAD_MIN_STORES;
}

async function openReport(deps: StoreReportDeps, context: JobContext): Promise<Report> {
  const params = storeReportParams.parse(context.params);
  const { visible, storeIds } = params;
  const isVisible = visible === undefined
    ? () => true
    : (id: string) => visible.some((pattern) => matchesPattern(pattern, id));
  const wanted = storeIds === undefined ? null : new Set(storeIds);
  const { seriesCount, lastMs } = await deps.series.extent("site");
  const { signal } = context;
  return {
    params,
    nowMs: params.atMs ?? context.createdMs,
    asOfMs: params.range !== undefined ? null : params.asOfMs ??
      (visible === undefined
        ? await lastPollMs(deps, lastMs, signal)
        : await latestPollMs(deps.series, { upToMs: deps.now(), isVisible }, signal)),
    wants: (id) => isVisible(id) && wanted?.has(id) !== false,
    seriesCount,
    showsCount: visible === undefined,
  };
}

/** The name of the file, without an ending. */
function filenameOf({ params, nowMs }: ReportSpec, asOfMs: number | null, jobId: string): string {
  const { range } = params;
  const zone = range?.zone ?? DEFAULT_STORE_ZONE;
  const span = range === undefined ? null : reportRangeSpan(range, zone, nowMs);
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
  { upToMs, isVisible }: { upToMs: number; isVisible: Report["wants"] },
  signal: AbortSignal,
): Promise<number | null> {
  // The span is empty, so each page has one row: the last poll before it.
  const span = { fromMs: upToMs + 1, toMs: upToMs + 1, wants: isVisible };
  let latestMs: number | null = null;
  for await (const stores of series.scan("site", span, signal)) {
    for (const { page: { timesMs } } of stores) latestMs = Math.max(latestMs ?? 0, timesMs[0]);
  }
  return latestMs;
}

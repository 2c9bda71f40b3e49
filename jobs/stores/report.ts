/**
 * The kind of job that writes how long each store was up and down into a file.
 *
 * If there are many stores, a worker measures them and writes the file (`write_in_thread.ts`). It reads the
 * file of the database by itself where there is one; else this thread reads for it. With few stores, this
 * thread does everything. All run `write_report.ts`.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import { DAY_MS, HOUR_MS } from "../../data/limits.ts";
import { DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import { reportRangeSpan } from "../../data/stores/report_range.ts";
import { localDate } from "../../data/time/zone.ts";
import { hasHeads } from "../../kv/series/heads.ts";
import { findUnfolded, type UnfoldedSeries } from "../../kv/series/scan_file.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { Deflaters } from "../engine/deflaters.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import type { Threads } from "../engine/threads.ts";
import { openReport, type ReportTimes } from "./open_report.ts";
import { livePolls } from "./poll_source.ts";
import {
  reportFilename,
  STORE_REPORT,
  type StoreReportParams,
  storeReportParams,
} from "./report_contract.ts";
import { reportFileType } from "./report_file.ts";
import { planReport } from "./report_plan.ts";
import { measureRange } from "./report_rows.ts";
import { withSettings } from "./report_stores.ts";
import { type ThreadReportParts, writeFromFile, writeInThread } from "./write_in_thread.ts";
import { writeReport, type WrittenReport } from "./write_report.ts";

/** Less work than this is done sooner than a worker is asked: 500 stores take about 30 ms. */
const THREAD_MIN_STORES = 500;
/** Measuring a store takes as long as writing so many rows. */
const ROWS_PER_STORE = 10;
/** With so many stores whose latest polls are not in blocks, this thread would read most of them anyway. */
const UNFOLDED_MAX = 100;

/** What a report needs. */
export interface StoreReportDeps {
  /** The database, for the hours and zones of stores. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** Its path, if it is a file that a worker can read; null or absent if it is not. */
  readonly databasePath?: string | null;
  /** Where polls are. */
  readonly series: Pick<SeriesStore, "extent" | "scan" | "scanPacked" | "withPrevious">;
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

async function runReport(deps: StoreReportDeps, context: JobContext): Promise<JobOutcome> {
  const params = storeReportParams.parse(context.params);
  const times = { createdMs: context.createdMs, nowMs: deps.now() };
  const request = { params, ...times };
  const { file, counts: { pollAges, ...result } } = await write(deps, context, request);
  const { contentType, extension } = reportFileType(params.format ?? "csv");
  const name = filenameOf(params, { ...times, asOfMs: result.asOfMs, jobId: context.jobId });
  return {
    artifact: {
      name: context.artifactName,
      filename: `${name}.${extension}`,
      contentType,
      ...file,
    },
    result: { ...result, pollAges: { ...pollAges } },
  };
}

type Request = ReportTimes & { readonly params: StoreReportParams };

async function write(
  deps: StoreReportDeps,
  context: JobContext,
  { params, ...times }: Request,
): Promise<WrittenReport> {
  const { series, files, threads, databasePath: path } = deps;
  const request = { params, ...times };
  const unfolded = await findForFile(deps, request);
  if (threads === undefined || !path || unfolded === null) {
    return await writeLive(deps, context, request);
  }
  const written = await writeFromFile({ files, threads }, context, {
    file: { params, path, unfolded, ...times },
    damaged: livePolls(series, context.signal).damaged,
    onProgress: context.progress,
    readUnfolded: (id, span) => series.withPrevious({ profile: "site", id }, span),
  });
  if (written === null) return await writeLive({ ...deps, threads: undefined }, context, request);
  if (!("unreadable" in written)) return written;
  context.log("warn", "database file not read by a worker", { path, reason: written.unreadable });
  return await writeLive(deps, context, request);
}

/**
 * The stores that a worker has to ask for if it reads the file of the database; null if it should not, as there
 * is no file or no worker, too little to do, or too much to ask for.
 */
async function findForFile(
  { kv, threads, databasePath }: StoreReportDeps,
  { params, createdMs }: Request,
): Promise<UnfoldedSeries[] | null> {
  if (threads === undefined || !databasePath) return null;
  const least = storesForThread(params, createdMs);
  if (params.storeIds !== undefined && params.storeIds.length < least) return null;
  if (!await hasHeads(kv, "site", least)) return null;
  return await findUnfolded(kv, "site", UNFOLDED_MAX);
}

/** Writes the file from what this thread reads, in a worker if there is much to do. */
async function writeLive(
  { kv, series, files, deflaters, threads }: StoreReportDeps,
  context: JobContext,
  { params, ...times }: Request,
): Promise<WrittenReport> {
  const { signal, artifactName } = context;
  const polls = livePolls(series, signal);
  const { spec, wants, seriesCount, shareOf } = await openReport(polls, params, times);
  const span = { fromMs: 0, toMs: 0, ...planReport(spec).measure?.span };

  /** Begins to read, from the first store. */
  function begin(): Omit<ThreadReportParts, "spec"> {
    let looked = 0;
    return {
      async *batches() {
        for await (const batch of withSettings(kv, polls.scan({ ...span, wants }))) {
          looked += batch.looked;
          yield batch;
        }
      },
      damaged: polls.damaged,
      onDone: (done) => context.progress({ done, share: shareOf(looked) }),
    };
  }

  const stores = Math.min(seriesCount, params.storeIds?.length ?? Infinity);
  if (threads !== undefined && stores >= storesForThread(params, times.createdMs)) {
    const written = await writeInThread({ files, threads }, context, { ...begin(), spec });
    if (written !== null) return written;
  }
  using deflater = deflaters.open();
  const writeFile = (body: ReadableStream<Uint8Array<ArrayBuffer>>) =>
    files.write(artifactName, body, signal);
  return await writeReport({ ...begin(), deflater, write: writeFile }, spec);
}

/** From how many stores on a report is work for a worker. */
function storesForThread(params: StoreReportParams, createdMs: number): number {
  const { bucket, range, atMs: nowMs = createdMs } = params;
  const span = range === undefined ? null : measureRange({ ...params, range }, nowMs)?.span;
  const rows = bucket === undefined || !span
    ? 1
    : (span.toMs - span.fromMs) / (bucket === "hour" ? HOUR_MS : DAY_MS);
  return Math.ceil(THREAD_MIN_STORES / (1 + rows / ROWS_PER_STORE));
}

/** The name of the file, without an ending. */
function filenameOf(
  { range, atMs }: StoreReportParams,
  { asOfMs, createdMs, jobId }: { asOfMs: number | null; createdMs: number; jobId: string },
): string {
  const nowMs = atMs ?? createdMs;
  const zone = range?.zone ?? DEFAULT_STORE_ZONE;
  const span = range === undefined ? null : reportRangeSpan(range, zone, nowMs);
  if (span === null) return reportFilename(jobId, { asOfMs });
  const days = [localDate(zone, span.fromMs), localDate(zone, span.toMs - 1)] as const;
  return reportFilename(jobId, { asOfMs, days });
}

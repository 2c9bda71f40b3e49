/**
 * The kind of job that writes how long each store was up and down into a CSV file.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import type { Page } from "../../data/readings/page.ts";
import {
  type BusinessHours,
  createBusinessHours,
  DEFAULT_STORE_ZONE,
} from "../../data/stores/business_hours.ts";
import { createPollAgeCounter, type PollAges } from "../../data/stores/poll_ages.ts";
import { measureUptime, reportSpan, type Uptime } from "../../data/stores/uptime.ts";
import { createUptimeWriter } from "../../data/stores/uptime_csv.ts";
import { textChunks } from "../../data/text/text_chunks.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { listRejectedHours } from "../../kv/stores/rejected_hours.ts";
import { listStoreSettings, type StoreSettings } from "../../kv/stores/stores.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import {
  reportFilename,
  STORE_REPORT,
  type StoreReportParams,
  storeReportParams,
  type StoreReportResult,
} from "./report_contract.ts";

/** What a report needs. */
export interface StoreReportDeps {
  /** The database, for the hours and zones of stores. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Where polls are. */
  readonly series: Pick<SeriesStore, "extent" | "scan">;
  /** Where the file goes. */
  readonly files: Pick<FileStore, "write">;
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

/** A report that knows the end of its windows. */
interface Report extends StoreReportParams {
  readonly asOfMs: number | null;
  /** About how many stores it will have. */
  readonly seriesCount: number;
}

async function runReport(deps: StoreReportDeps, context: JobContext): Promise<JobOutcome> {
  const { signal } = context;
  const report = await openReport(deps, storeReportParams.parse(context.params), signal);
  const counts = createCounts(report);
  const rows = reportRows(deps, report, { ...context, counts });
  const body = textChunks(rows).pipeThrough(new TextEncoderStream());
  const written = await deps.files.write(context.artifactName, body, signal);
  const { pollAges, ...result } = counts.result();
  return {
    artifact: {
      name: context.artifactName,
      filename: reportFilename(context.jobId, report.asOfMs),
      contentType: "text/csv; charset=utf-8; header=present",
      ...written,
    },
    result: { ...result, pollAges: { ...pollAges } },
  };
}

async function openReport(
  { series, now }: StoreReportDeps,
  params: StoreReportParams,
  signal: AbortSignal,
): Promise<Report> {
  const { seriesCount, lastMs } = await series.extent("site");
  if (params.asOfMs !== null || lastMs === null) return { ...params, seriesCount };
  const nowMs = now();
  const isAhead = lastMs > nowMs;
  const asOfMs = isAhead ? await latestPollMs(series, nowMs, signal) : lastMs;
  return { ...params, asOfMs, seriesCount };
}

/** The time of the latest poll of all stores up to a time, or null if there is none. */
async function latestPollMs(
  series: StoreReportDeps["series"],
  upToMs: number,
  signal: AbortSignal,
): Promise<number | null> {
  // The span is empty, so each page has one row: the last poll before it.
  const span = { fromMs: upToMs + 1, toMs: upToMs + 1 };
  let latestMs: number | null = null;
  for await (const stores of series.scan("site", span, signal)) {
    for (const { page: { timesMs } } of stores) latestMs = Math.max(latestMs ?? 0, timesMs[0]);
  }
  return latestMs;
}

/** Counts what the status of a report shows. */
interface Counts {
  add(store: { ageMs: number; hasRejectedHours: boolean }): void;
  isStale(ageMs: number): boolean;
  result(): StoreReportResult & { pollAges: PollAges };
}

function createCounts({ asOfMs, staleAfterMs }: Report): Counts {
  const ages = createPollAgeCounter();
  const isStale = (ageMs: number) => staleAfterMs !== undefined && ageMs > staleAfterMs;
  let storeCount = 0, staleCount = 0, rejectedHoursCount = 0;
  return {
    isStale,
    add({ ageMs, hasRejectedHours }) {
      ages.add(ageMs);
      storeCount++;
      if (isStale(ageMs)) staleCount++;
      if (hasRejectedHours) rejectedHoursCount++;
    },
    result: () => ({
      storeCount,
      asOfMs,
      pollAges: ages.counts(),
      staleCount: staleAfterMs === undefined ? null : staleCount,
      rejectedHoursCount,
    }),
  };
}

/** The text of the file: a header, then the rows of some stores at a time. */
async function* reportRows(
  { kv, series }: StoreReportDeps,
  { asOfMs, maxHoldMs, staleAfterMs, seriesCount }: Report,
  { signal, progress, counts }: Pick<JobContext, "signal" | "progress"> & { counts: Counts },
): AsyncGenerator<string> {
  const writer = createUptimeWriter({
    hasUnknown: maxHoldMs !== null,
    hasStale: staleAfterMs !== undefined,
  });
  yield writer.header();
  if (asOfMs === null) return;
  const measure = createMeasure({ asOfMs, maxHoldMs });
  let scanned = 0, done = 0;
  const settings = createFollower(listStoreSettings(kv), ({ id }) => id);
  const rejected = createFollower(listRejectedHours(kv), (id) => id);
  // The end of a scan is exclusive, and a poll at `asOfMs` counts.
  const span = { ...reportSpan(asOfMs), toMs: asOfMs + 1 };
  for await (const stores of series.scan("site", span, signal)) {
    let text = "";
    for (const { id, page } of stores) {
      const uptime = measure(page, await settings.find(id));
      if (uptime === null) continue;
      const lastPollMs = page.timesMs[page.timesMs.length - 1];
      const ageMs = asOfMs - lastPollMs;
      counts.add({ ageMs, hasRejectedHours: await rejected.find(id) !== null });
      text += writer.line({ id, uptime, lastPollMs, isStale: counts.isStale(ageMs) });
      done++;
    }
    scanned += stores.length;
    progress({ done, share: scanned / Math.max(scanned, seriesCount, 1) });
    yield text;
  }
}

/** Measures stores, and works out the days of each zone only once. */
function createMeasure(
  options: { asOfMs: number; maxHoldMs: number | null },
): (page: Page, settings: StoreSettings | null) => Uptime | null {
  const span = reportSpan(options.asOfMs);
  const zones = new Map<string, BusinessHours>();
  return (page, settings) => {
    const zone = settings?.zone ?? DEFAULT_STORE_ZONE;
    const hours = zones.get(zone) ?? createBusinessHours(zone);
    zones.set(zone, hours);
    return measureUptime(page, hours.openSpans(settings?.hours ?? null, span), options);
  };
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

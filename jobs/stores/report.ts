/**
 * The kind of job that writes how long each store was up and down into a CSV file.
 *
 * @module
 */

import {
  type BusinessHours,
  createBusinessHours,
  DEFAULT_STORE_ZONE,
} from "../../data/stores/business_hours.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import type { Page } from "../../data/readings/page.ts";
import { measureUptime, reportSpan, type Uptime } from "../../data/stores/uptime.ts";
import { createUptimeWriter } from "../../data/stores/uptime_csv.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { listStoreSettings, type StoreSettings } from "../../kv/stores/stores.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import {
  reportFilename,
  STORE_REPORT,
  type StoreReportParams,
  storeReportParams,
} from "./report_contract.ts";
import { textChunks } from "../engine/text_chunks.ts";

/** What a report needs. */
export interface StoreReportDeps {
  /** The database, for the hours and zones of stores. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Where polls are. */
  readonly series: Pick<SeriesStore, "extent" | "scan">;
  /** Where the file goes. */
  readonly files: Pick<FileStore, "write">;
}

/** The kind. A run fails as the file store does. */
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
  let storeCount = 0;
  const rows = reportRows(deps, params, {
    signal: context.signal,
    onStores({ count, share }) {
      storeCount += count;
      context.progress({ done: storeCount, share });
    },
  });
  const body = textChunks(rows).pipeThrough(new TextEncoderStream());
  const written = await deps.files.write(context.artifactName, body, context.signal);
  return {
    artifact: {
      name: context.artifactName,
      filename: reportFilename(context.jobId),
      contentType: "text/csv; charset=utf-8; header=present",
      ...written,
    },
    result: { storeCount },
  };
}

/** The file's text: a header, then the rows of some stores at a time. */
async function* reportRows(
  { kv, series }: StoreReportDeps,
  { asOfMs: askedMs, maxHoldMs }: StoreReportParams,
  { signal, onStores }: {
    signal: AbortSignal;
    onStores: (done: { count: number; share: number }) => void;
  },
): AsyncGenerator<string> {
  const writer = createUptimeWriter({ hasUnknown: maxHoldMs !== null });
  yield writer.header();
  const { seriesCount, lastMs } = await series.extent("site");
  const asOfMs = askedMs ?? lastMs;
  if (asOfMs === null) return;
  const span = reportSpan(asOfMs);
  const measure = createMeasure({ asOfMs, maxHoldMs });
  let scanned = 0;
  const settings = createFollower(listStoreSettings(kv));
  // A poll at the very end counts.
  for await (const stores of series.scan("site", { ...span, toMs: asOfMs + 1 }, signal)) {
    let text = "", count = 0;
    for (const { id, page } of stores) {
      const uptime = measure(page, await settings.of(id));
      if (uptime === null) continue;
      text += writer.line(id, uptime);
      count++;
    }
    scanned += stores.length;
    onStores({ count, share: scanned / Math.max(scanned, seriesCount, 1) });
    yield text;
  }
}

/** Measures stores, each zone's days worked out once. */
function createMeasure(
  question: { asOfMs: number; maxHoldMs: number | null },
): (page: Page, settings: StoreSettings | null) => Uptime | null {
  const span = reportSpan(question.asOfMs);
  const zones = new Map<string, BusinessHours>();
  return (page, settings) => {
    const zone = settings?.zone ?? DEFAULT_STORE_ZONE;
    const hours = zones.get(zone) ?? createBusinessHours(zone);
    zones.set(zone, hours);
    return measureUptime(page, hours.openSpans(settings?.hours ?? null, span), question);
  };
}

/** Settings of stores by ids that are asked for in their order. */
function createFollower(
  all: AsyncGenerator<StoreSettings>,
): { of(id: string): Promise<StoreSettings | null> } {
  let next: IteratorResult<StoreSettings> | null = null;
  return {
    async of(id) {
      next ??= await all.next();
      while (!next.done && next.value.id < id) next = await all.next();
      return !next.done && next.value.id === id ? next.value : null;
    },
  };
}

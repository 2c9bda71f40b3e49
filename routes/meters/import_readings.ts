/**
 * Importing an upload of readings, batch by batch as it comes in.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import type { Page } from "../../data/readings/page.ts";
import type { Reject, UploadReader } from "../../data/text/upload_reader.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { ImportProgress, RunningImports } from "../imports/running_imports.ts";
import { uploadBytes } from "../http/upload_body.ts";

/** Readings written at once: some weeks of minutes, a commit or two. */
const BATCH_READINGS = 32_768;

/** What came of an import; received = inserted + updated + unchanged + rejected. */
export interface ImportReport {
  /** The meter. */
  readonly smart_meter_id: string;
  /** Whether nothing was written: the counts are what an import would do. */
  readonly dry_run: boolean;
  /** Records of the upload. */
  readonly received: number;
  /** Times that were new. */
  readonly inserted: number;
  /** Times that had other values. */
  readonly updated: number;
  /** Records that changed nothing: the same was there, or one soon after has their time. */
  readonly unchanged: number;
  /** Records that were not taken. */
  readonly rejected: number;
  /** The first 100 of those. */
  readonly rejects: readonly Reject[];
  /** Columns or properties that mean nothing here; the first 100. */
  readonly ignored_columns: readonly string[];
}

/** What an import needs. */
export interface ImportDeps {
  /** Where readings go. */
  readonly series: Pick<SeriesStore, "write" | "compare">;
  /** The imports that run. */
  readonly imports: RunningImports;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** An upload to import. */
export interface Upload {
  /** The meter. */
  readonly meterId: string;
  /** What reads the bytes. */
  readonly reader: UploadReader;
  /** The bytes as they are sent. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** Whether they come in gzip. */
  readonly isGzip: boolean;
  /** How many there are; null where the request does not say. */
  readonly totalBytes: number | null;
  /** Whether nothing is written. */
  readonly isDryRun: boolean;
}

/**
 * Imports the readings of a meter. Good records are durable, batch by batch, also when the upload
 * breaks off or the service dies; sending the same again completes it. While a batch is written the
 * next one is read, so no more than two are in memory.
 *
 * @throws {AppError} INVALID_REQUEST where the header is wrong (nothing is written then),
 * MALFORMED_BODY where the upload breaks off or is no gzip or no JSON array.
 */
export async function importReadings(deps: ImportDeps, upload: Upload): Promise<ImportReport> {
  const { now, log } = deps;
  const { meterId, reader, isDryRun, totalBytes } = upload;
  const counts = { inserted: 0, updated: 0, unchanged: 0, rejected: 0 };
  const progress = { startedMs: now(), isDryRun, totalBytes, receivedBytes: 0, ...counts };
  using _tracked = deps.imports.track(meterId, progress);
  try {
    await readAll(deps.series, upload, progress);
  } catch (error) {
    const { inserted, updated, unchanged, receivedBytes } = progress;
    const told = { meterId, isDryRun, inserted, updated, unchanged, receivedBytes };
    log("warn", "import cut short", { ...told, error });
    throw error;
  }
  const { inserted, updated, unchanged, rejected, startedMs } = progress;
  const received = inserted + updated + unchanged + rejected;
  const told = { received, inserted, updated, unchanged, rejected };
  const ms = now() - startedMs;
  const perSecond = Math.round(received / Math.max(ms, 1) * 1000);
  log("info", "import ended", { meterId, isDryRun, ...told, ms, perSecond });
  return {
    smart_meter_id: meterId,
    dry_run: isDryRun,
    ...told,
    rejects: reader.rejected().first,
    ignored_columns: reader.ignored(),
  };
}

async function readAll(
  series: ImportDeps["series"],
  { meterId, reader, body, isGzip, isDryRun }: Upload,
  progress: ImportProgress,
): Promise<void> {
  const ref = { profile: "meter", id: meterId } as const;
  let storing = Promise.resolve();

  async function store(page: Page): Promise<void> {
    const done = isDryRun ? await series.compare(ref, page) : await series.write(ref, page);
    progress.inserted += done.inserted;
    progress.updated += done.updated;
    progress.unchanged += page.timesMs.length - done.inserted - done.updated;
  }

  async function flush(): Promise<void> {
    await storing;
    storing = store(reader.take());
    // Whoever awaits it gets its error; until then it is not one that nobody handles.
    storing.catch(() => {});
  }

  const onBytes = (count: number) => progress.receivedBytes += count;
  try {
    for await (const chunk of uploadBytes(body, isGzip, onBytes)) {
      reader.push(chunk);
      progress.rejected = reader.rejected().count;
      if (reader.waiting() >= BATCH_READINGS) await flush();
    }
    reader.end();
    progress.rejected = reader.rejected().count;
    await flush();
  } finally {
    await storing;
  }
}

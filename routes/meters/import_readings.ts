/**
 * Importing an upload of readings, batch by batch as it arrives.
 *
 * @module
 */

import { AppError, withStored } from "../../data/app_error.ts";
import { createRepeatFinder } from "../../data/imports/repeats.ts";
import type { UploadBatch } from "../../data/imports/repeats.ts";
import type { MeterBatch } from "../../data/imports/meter_rows.ts";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import type { Log } from "../../data/log.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { ImportProgress, RunningImports } from "../imports/running_imports.ts";
import { uploadBytes } from "../http/upload_body.ts";
import type { ImportReport } from "./schemas.ts";

/** Readings written at once: some weeks of minutes, one or two commits. */
const BATCH_READINGS = 32_768;

/** What an import needs. */
export interface ImportDeps {
  /** Where readings go. */
  readonly series: Pick<SeriesStore, "write" | "compare">;
  /** The running imports. */
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
  readonly reader: ManyMetersReader;
  /** The bytes as they are sent. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** Whether they are compressed with gzip. */
  readonly isGzip: boolean;
  /** How many there are; null if the request has no length. */
  readonly totalBytes: number | null;
  /** Whether nothing is written. */
  readonly isDryRun: boolean;
}

/**
 * Imports the readings of a meter. Good records become durable batch by batch, even if the upload
 * breaks off or the service dies; sending the same upload again completes it. While one batch is
 * written the next one is read, so at most two are in memory.
 *
 * @throws {AppError} INVALID_REQUEST if the header is wrong (nothing is written then),
 * MALFORMED_BODY if the upload breaks off or is not the gzip or JSON array that it should be. The error
 * counts what is stored.
 */
export async function importReadings(deps: ImportDeps, upload: Upload): Promise<ImportReport> {
  const { now, log } = deps;
  const { meterId, reader, isDryRun, totalBytes } = upload;
  const counts = { inserted: 0, updated: 0, unchanged: 0, repeated: 0, rejected: 0 };
  const progress = { startedMs: now(), isDryRun, totalBytes, receivedBytes: 0, ...counts };
  using _tracked = deps.imports.track(meterId, progress);
  const repeats = createRepeatFinder();
  const store = async (batch: UploadBatch) => {
    const { fresh, again, repeated } = repeats.split(batch);
    const series = { profile: "meter", id: meterId } as const;
    const done = await (isDryRun ? deps.series.compare : deps.series.write)(series, fresh);
    // Their times are counted already; only the values of the last record remain.
    if (again !== null && !isDryRun) await deps.series.write(series, again);
    progress.inserted += done.inserted;
    progress.updated += done.updated;
    progress.unchanged += done.unchanged;
    progress.repeated += repeated;
  };
  try {
    await readAll(upload, progress, store);
  } catch (error) {
    const counts = countsOf(progress);
    const { receivedBytes } = progress;
    log("warn", "import cut short", { meterId, isDryRun, ...counts, receivedBytes, error });
    const isCounted = error instanceof AppError && counts.received > 0 && !isDryRun;
    throw isCounted ? withStored(error, counts) : error;
  }
  const result = countsOf(progress);
  const { received } = result;
  const ms = now() - progress.startedMs;
  const perSecond = Math.round(received / Math.max(ms, 1) * 1000);
  log("info", "import ended", { meterId, isDryRun, ...result, ms, perSecond });
  return {
    smart_meter_id: meterId,
    dry_run: isDryRun,
    ...result,
    rejects: reader.rejected().first.map(({ meterId: _meterId, ...reject }) => reject),
    repeats: repeats.first().map(({ place, timeMs }) => (
      { ...reader.placeOf(place), timestamp: instantText(timeMs) }
    )),
    ignored_columns: [...reader.ignored()],
  };
}

/** The counts of the records so far that are stored or will not be. */
function countsOf({ inserted, updated, unchanged, repeated, rejected }: ImportProgress) {
  const received = inserted + updated + unchanged + repeated + rejected;
  return { received, inserted, updated, unchanged, repeated, rejected };
}

/** Reads an upload to its end and hands each batch to `store`. */
async function readAll(
  { reader, body, isGzip }: Upload,
  progress: ImportProgress,
  store: (batch: UploadBatch) => Promise<void>,
): Promise<void> {
  let storing = Promise.resolve();

  async function flush(): Promise<void> {
    await storing;
    storing = storeAll(reader.take());
    // Whoever awaits it gets its error; until then it is not an unhandled one.
    storing.catch(() => {});
  }

  async function storeAll(batches: readonly MeterBatch[]): Promise<void> {
    for (const { batch } of batches) await store(batch);
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

/**
 * Importing an uploaded CSV, batch by batch as it comes in.
 *
 * @module
 */

import { AppError } from "../data/app_error.ts";
import { createCsvReader, type Reject } from "../data/csv_read.ts";
import type { Log } from "../data/log.ts";
import { PROFILES } from "../data/profile.ts";
import type { SeriesStore } from "../kv/series_store.ts";

/** Readings written at once: some weeks of minutes, a commit or two. */
const BATCH_READINGS = 32_768;

/** What came of an import; received = inserted + updated + unchanged + rejected. */
export interface ImportReport {
  /** The meter. */
  readonly smart_meter_id: string;
  /** Lines behind the header. */
  readonly received: number;
  /** Times that were new. */
  readonly inserted: number;
  /** Times that had other values. */
  readonly updated: number;
  /** Lines that changed nothing: the same values were there, or a line soon after has their time. */
  readonly unchanged: number;
  /** Lines that were not taken. */
  readonly rejected: number;
  /** The first 100 of those. */
  readonly rejects: readonly Reject[];
  /** Columns that mean nothing here. */
  readonly ignored_columns: readonly string[];
}

/** What an import needs. */
export interface ImportDeps {
  /** Where readings go. */
  readonly series: Pick<SeriesStore, "write">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/**
 * Imports the readings of a meter. Good lines are durable, batch by batch, also when the upload
 * breaks off or the service dies; sending the same again completes it.
 *
 * @throws {AppError} INVALID_REQUEST where the header is wrong (nothing is written then),
 * MALFORMED_BODY where the upload breaks off.
 */
export async function importCsv(
  { series, now, log }: ImportDeps,
  meterId: string,
  body: ReadableStream<Uint8Array> | null,
): Promise<ImportReport> {
  const startedMs = now();
  const ref = { profile: "meter", id: meterId } as const;
  const reader = createCsvReader(PROFILES.meter, meterId);
  const counts = { inserted: 0, updated: 0, unchanged: 0 };

  async function flush(): Promise<void> {
    const page = reader.take();
    const written = await series.write(ref, page);
    const counted = written.inserted + written.updated + written.unchanged;
    counts.inserted += written.inserted;
    counts.updated += written.updated;
    counts.unchanged += written.unchanged + page.timesMs.length - counted;
  }

  try {
    for await (const chunk of chunksOf(body)) {
      reader.push(chunk);
      if (reader.waiting() >= BATCH_READINGS) await flush();
    }
    reader.end();
    await flush();
  } catch (error) {
    log("warn", "import cut short", { meterId, ...counts, error });
    throw error;
  }
  const { count: rejected, first: rejects } = reader.rejected();
  const received = counts.inserted + counts.updated + counts.unchanged + rejected;
  const ms = now() - startedMs;
  const told = { meterId, received, ...counts, rejected, ms };
  log("info", "import ended", {
    ...told,
    perSecond: Math.round(received / Math.max(ms, 1) * 1000),
  });
  const ignored_columns = reader.ignoredColumns();
  return { smart_meter_id: meterId, received, ...counts, rejected, rejects, ignored_columns };
}

/** The chunks of a body; one that breaks off is an error with a code. */
async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  try {
    yield* body ?? [];
  } catch (cause) {
    throw new AppError("MALFORMED_BODY", "The upload broke off", {
      details: "Lines that were stored before stay; send the same again to complete it",
      cause,
    });
  }
}

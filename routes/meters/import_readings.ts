/**
 * Importing an upload of readings of one meter or many, batch by batch as it arrives.
 *
 * @module
 */

import { AppError, withStored } from "../../data/app_error.ts";
import type { DomainEvent } from "../../data/events/event.ts";
import { importEvent } from "../../data/events/import_event.ts";
import type { MeterBatch, MeterRefusal } from "../../data/imports/meter_rows.ts";
import type { Repeat } from "../../data/imports/repeats.ts";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import type { Log } from "../../data/log.ts";
import type { Profile, ProfileName } from "../../data/readings/profile.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { RunningImports } from "../imports/running_imports.ts";
import { type OpenOptions, openUpload } from "../../data/unpack/open_upload.ts";
import { maxUploadBytes } from "../http/request_body.ts";
import { uploadBytes } from "../http/upload_body.ts";
import { createImportCounts, type ImportCounts, type MeterCounts } from "./import_counts.ts";
import { createBatchStore } from "./import_batches.ts";

/** Readings written at once: some weeks of minutes of a meter, one or two commits. */
const BATCH_READINGS = 32_768;
/**
 * With many meters, so many readings of each are written at once if possible: every batch reads and
 * writes the last block of each of its meters again. Measured on a busy machine with 10,000 meters,
 * each row another one: 4 thousand readings a second with batches of 32,768, and 6 times as many so.
 */
const METER_READINGS = 64;
/** Most readings of a batch: 15 MB, twice. */
const BATCH_MAX_READINGS = 262_144;

/** What an import needs. */
export interface ImportDeps {
  /** Where readings go. */
  readonly series: Pick<SeriesStore, "write" | "writeMany" | "compare">;
  /** The profile of a meter, or why it can have no readings. */
  readonly profileOf: (meterId: string) => Promise<Profile | MeterRefusal>;
  /** Called after readings of a meter were stored, as the meter may have been deleted meanwhile. */
  readonly keepMeter: (meterId: string, profile: ProfileName) => Promise<void>;
  /** The running imports. */
  readonly imports: RunningImports;
  /** Stores the event of an import that has ended. */
  readonly announce: (event: DomainEvent) => Promise<void>;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** An upload to import. */
export interface Upload {
  /** Who uploads it. */
  readonly owner: string;
  /** The meter; null if the records name theirs. */
  readonly meterId: string | null;
  /** How the upload is opened. */
  readonly opening: OpenOptions;
  /** What reads an upload that begins with these bytes, as many as `opening` asks for. */
  readonly openReader: (head: Uint8Array) => ManyMetersReader;
  /** The request with the bytes. */
  readonly request: Request;
  /** Whether they are compressed with gzip. */
  readonly isGzip: boolean;
  /** How many there are; null if the request has no length. */
  readonly totalBytes: number | null;
  /** Whether nothing is written. */
  readonly isDryRun: boolean;
}

/** What an import did. */
export interface ImportResult {
  /** All records. */
  readonly counts: ImportCounts;
  /** Each meter, in the order of its first record. */
  readonly meters: readonly MeterCounts[];
  /** The first 100 records of times that the upload already had. */
  readonly repeats: readonly Repeat[];
  /** What read the upload. */
  readonly reader: ManyMetersReader;
}

/**
 * Imports readings. Good records become durable batch by batch, even if the upload breaks off or the
 * service dies; sending the same upload again completes it. While one batch is written the next one
 * is read, so at most two are in memory.
 *
 * @throws {AppError} INVALID_REQUEST if the header is wrong (nothing is written then),
 * MALFORMED_BODY if the upload breaks off or is not the gzip or JSON array that it should be. The error
 * counts what is stored.
 */
export async function importReadings(deps: ImportDeps, upload: Upload): Promise<ImportResult> {
  const { now, log } = deps;
  const { meterId, isDryRun } = upload;
  const startedMs = now();
  using counts = createImportCounts(deps.imports, { ...upload, startedMs });
  const batches = createBatchStore(deps.series, { isDryRun, counts });
  const about = () => meterId === null ? { meters: counts.meters().length } : { meterId };
  let reader: ManyMetersReader;
  try {
    const onBytes = (count: number) => counts.receivedBytes += count;
    const bytes = uploadBytes(upload.request, upload.isGzip, onBytes);
    const opened = await openUpload(bytes, upload.opening, maxUploadBytes(upload.request));
    const { head, chunks } = opened;
    try {
      reader = upload.openReader(head);
    } catch (error) {
      await opened.close();
      throw error;
    }
    counts.begin(reader);
    const store = async (some: readonly MeterBatch[]) => {
      await batches.store(some);
      if (isDryRun) return;
      for (const { meterId: id, profile } of some) await deps.keepMeter(id, profile.name);
    };
    await readAll(deps, { reader, chunks }, { counts, store });
  } catch (error) {
    const stored = counts.total();
    const { receivedBytes } = counts;
    if (stored.received > 0) await announce(deps, upload, { counts, error });
    log("warn", "import cut short", { ...about(), isDryRun, ...stored, receivedBytes, error });
    const isCounted = error instanceof AppError && stored.received > 0 && !isDryRun;
    throw isCounted ? withStored(error, { ...stored }) : error;
  }
  const total = counts.total();
  const ms = now() - startedMs;
  const perSecond = Math.round(total.received / Math.max(ms, 1) * 1000);
  log("info", "import ended", { ...about(), isDryRun, ...total, ms, perSecond });
  await announce(deps, upload, { counts });
  return { counts: total, meters: counts.meters(), repeats: batches.repeats(), reader };
}

/** Stores the event of an import. A failure is logged: what the import stored, stays. */
async function announce(
  deps: ImportDeps,
  { owner, isDryRun }: Upload,
  { counts, error }: { counts: ReturnType<typeof createImportCounts>; error?: unknown },
): Promise<void> {
  if (isDryRun) return;
  const fault = error instanceof AppError ? error.code : "INTERNAL_ERROR";
  const event = importEvent({
    id: crypto.randomUUID(),
    owner,
    meters: counts.meters().map(({ notes }) => notes.meterId),
    counts: { ...counts.total() },
    fault: error === undefined ? null : fault,
    endedMs: deps.now(),
  });
  await deps.announce(event)
    .catch((error) => deps.log("error", "event not stored", { type: event.type, error }));
}

/** Reads an upload to its end and hands each batch to `store`. */
async function readAll(
  { profileOf }: ImportDeps,
  { reader, chunks }: { reader: ManyMetersReader; chunks: AsyncIterable<Uint8Array> },
  { counts, store }: {
    counts: ReturnType<typeof createImportCounts>;
    store: (batches: readonly MeterBatch[]) => Promise<void>;
  },
): Promise<void> {
  let storing = Promise.resolve();

  /** Reads what waits for the profile of its meter. */
  async function resume(): Promise<void> {
    for (let ids = reader.unknown(); ids.length > 0; ids = reader.unknown()) {
      for (const id of ids) reader.know(id, await profileOf(id));
      reader.resume();
    }
    counts.update();
  }

  async function flush(): Promise<void> {
    await storing;
    storing = store(reader.take());
    // Whoever awaits it gets its error; until then it is not an unhandled one.
    storing.catch(() => {});
  }

  try {
    for await (const chunk of chunks) {
      reader.push(chunk);
      await resume();
      if (reader.waiting() >= batchReadings(reader.meters().length)) await flush();
    }
    try {
      reader.end();
      await resume();
    } catch (error) {
      if (reader.keepsBeginning) await flush();
      throw error;
    }
    await flush();
  } finally {
    await storing;
  }
}

function batchReadings(meters: number): number {
  return Math.min(BATCH_MAX_READINGS, Math.max(BATCH_READINGS, meters * METER_READINGS));
}

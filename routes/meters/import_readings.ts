/**
 * Importing an upload of readings of one meter or many, batch by batch as it arrives.
 *
 * @module
 */

import { AppError, withStored } from "../../data/app_error.ts";
import { freeMemory } from "../../data/encoders/chunk_memory.ts";
import type { DomainEvent } from "../../data/events/event.ts";
import { importEvent } from "../../data/events/import_event.ts";
import type { MeterRefusal } from "../../data/imports/meter_rows.ts";
import type { Repeat } from "../../data/imports/repeats.ts";
import type { UploadSummary } from "../../data/imports/upload_summary.ts";
import type { Log } from "../../data/log.ts";
import type { ReaderPlan } from "../../data/meter_files/open_reader.ts";
import type { Profile, ProfileName } from "../../data/readings/profile.ts";
import type { OpenOptions } from "../../data/unpack/open_upload.ts";
import type { UploadReading, UploadToRead } from "../../jobs/imports/reading_contract.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { RunningImports } from "../imports/running_imports.ts";
import { maxUploadBytes } from "../http/request_body.ts";
import { sentBytes } from "../http/upload_body.ts";
import { createImportCounts, type ImportCounts, type MeterCounts } from "./import_counts.ts";
import { createBatchStore } from "./import_batches.ts";

/** What an import needs. */
export interface ImportDeps {
  /** What reads uploads. */
  readonly uploads: UploadReading;
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
  /** Names the upload, also when it is sent again. */
  readonly name: string;
  /** How the upload is opened. */
  readonly opening: OpenOptions;
  /** How to read an upload that begins with these bytes, as many as `opening` asks for. */
  readonly planOf: (head: Uint8Array) => ReaderPlan;
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
  /** What else there is to say about the upload. */
  readonly summary: UploadSummary;
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
  let summary: UploadSummary;
  try {
    summary = await deps.uploads.read(toRead(upload), {
      chunks: sentBytes(upload.request, (count) => counts.receivedBytes += count),
      // The garbage collector would free it too, but looks at the whole heap after some megabytes of them.
      freeCopied: ({ buffer }) => freeMemory(buffer),
      planOf: upload.planOf,
      begin: counts.begin,
      async profilesOf(ids) {
        const profiles: (Profile | MeterRefusal)[] = [];
        for (const id of ids) profiles.push(await deps.profileOf(id));
        return profiles;
      },
      met: counts.update,
      async store(some) {
        await batches.store(some);
        if (isDryRun) return;
        for (const { meterId: id, profile } of some) await deps.keepMeter(id, profile.name);
      },
    });
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
  return { counts: total, meters: counts.meters(), repeats: batches.repeats(), summary };
}

function toRead({ name, isGzip, opening, totalBytes, request }: Upload): UploadToRead {
  return { name, isGzip, opening, totalBytes, maxBytes: maxUploadBytes(request) };
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

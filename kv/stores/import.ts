/**
 * Importing what is uploaded about stores, from wherever its bytes come.
 *
 * Polls are stored as they come in. Hours and zones are kept in memory until the upload has ended
 * well, and then replace what stores had.
 *
 * @module
 */

import { createPollBuffer, type PollsByStore } from "../../data/stores/poll_buffer.ts";
import { createPollReader } from "../../data/stores/poll_rows.ts";
import {
  gatherHours,
  gatherZones,
  type StoreGathering,
  weeklySpans,
} from "../../data/stores/settings_rows.ts";
import type { RecordReader, Reject } from "../../data/text/upload_reader.ts";
import type { Staging } from "../budget.ts";
import type { SeriesStore } from "../series/store.ts";
import { commitStores, stageStoreHours, stageStoreZone } from "./stores.ts";

/** What is uploaded. */
export type StoreUploadKind = "status" | "hours" | "timezones";

/** What an import needs. */
export interface StoreImportDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "atomic">;
  /** Where polls go. */
  readonly series: Pick<SeriesStore, "writeMany">;
}

/** How far an import is; what it counts of polls is durable. */
export interface StoreImportProgress {
  /** Polls of times that were new. */
  inserted: number;
  /** Polls of times that had another status. */
  updated: number;
  /** Polls that changed nothing. */
  unchanged: number;
  /** Rows that were not taken. */
  rejected: number;
}

/** Rows of polls; `received` = `inserted` + `updated` + `unchanged` + `rejected`. */
export interface PollCounts extends Readonly<StoreImportProgress> {
  /** Rows of the upload. */
  readonly received: number;
}

/** Rows of hours or time zones; `received` = `replaced` + `rejected`. */
export interface ReplacementCounts {
  /** Rows of the upload. */
  readonly received: number;
  /** Rows that were taken. */
  readonly replaced: number;
  /** Rows that were not taken. */
  readonly rejected: number;
  /** Stores whose hours or zone the taken rows replaced. */
  readonly stores: number;
}

/** What came of an import. */
export interface StoreImportResult {
  /** How many rows became what. */
  readonly counts: PollCounts | ReplacementCounts;
  /** The first 100 rows that were not taken. */
  readonly rejects: readonly Reject[];
  /** Columns that mean nothing here; the first 100. */
  readonly ignored: readonly string[];
}

/** An upload about stores. */
export interface StoreUpload {
  /** What it is of. */
  readonly kind: StoreUploadKind;
  /** Its bytes. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Is kept up to date. */
  readonly progress: StoreImportProgress;
}

/**
 * Imports an upload. Where it breaks off, polls that came in are stored, hours and zones are as they
 * were; the same again completes it.
 *
 * @throws {AppError} INVALID_REQUEST where the header is wrong, SERIES_BUSY when other processes
 * keep writing the same stores, and what `chunks` throws.
 */
export async function importStores(
  deps: StoreImportDeps,
  { kind, chunks, progress }: StoreUpload,
): Promise<StoreImportResult> {
  if (kind === "status") return await importPolls(deps.series, chunks, progress);
  const upload = { chunks, progress };
  return kind === "hours"
    ? await replaceSettings(
      deps.kv,
      { ...upload, gathering: gatherHours() },
      (op, id, numbers) => stageStoreHours(op, id, weeklySpans(numbers)),
    )
    : await replaceSettings(deps.kv, { ...upload, gathering: gatherZones() }, stageStoreZone);
}

async function importPolls(
  series: StoreImportDeps["series"],
  chunks: StoreUpload["chunks"],
  progress: StoreImportProgress,
): Promise<StoreImportResult> {
  const buffer = createPollBuffer();
  const reader = createPollReader(buffer);
  let storing = Promise.resolve();

  async function store({ ids, count, pageOf }: PollsByStore): Promise<void> {
    const { inserted, updated } = await series.writeMany("site", ids, pageOf);
    progress.inserted += inserted;
    progress.updated += updated;
    progress.unchanged += count - inserted - updated;
  }

  /** While polls are written the next ones are read, so no more than two buffers are in memory. */
  async function flush(): Promise<void> {
    await storing;
    storing = store(buffer.take());
    // Whoever awaits it gets its error; until then it is not one that nobody handles.
    storing.catch(() => {});
  }

  try {
    for await (const chunk of chunks) {
      reader.push(chunk);
      progress.rejected = reader.rejected().count;
      if (buffer.isFull()) await flush();
    }
    reader.end();
    progress.rejected = reader.rejected().count;
  } finally {
    // Also of an upload that breaks off: so many polls are gathered that a slow sender, who is cut
    // off again and again, would never come to its end.
    await flush();
    await storing;
  }
  const { inserted, updated, unchanged, rejected } = progress;
  const received = inserted + updated + unchanged + rejected;
  return { counts: { received, inserted, updated, unchanged, rejected }, ...told(reader) };
}

async function replaceSettings<T>(
  kv: StoreImportDeps["kv"],
  { chunks, progress, gathering: { reader, byStore, taken } }:
    & Pick<
      StoreUpload,
      "chunks" | "progress"
    >
    & { gathering: StoreGathering<T> },
  stage: (op: Staging, id: string, setting: T) => void,
): Promise<StoreImportResult> {
  for await (const chunk of chunks) {
    reader.push(chunk);
    progress.rejected = reader.rejected().count;
  }
  reader.end();
  progress.rejected = reader.rejected().count;
  await commitStores(kv, byStore, stage);
  const { rejected } = progress, replaced = taken();
  const counts = { received: replaced + rejected, replaced, rejected, stores: byStore.size };
  return { counts, ...told(reader) };
}

function told(reader: RecordReader): Pick<StoreImportResult, "rejects" | "ignored"> {
  return { rejects: reader.rejected().first, ignored: reader.ignored() };
}

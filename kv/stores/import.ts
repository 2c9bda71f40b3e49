/**
 * Importing polls, business hours and time zones of stores, wherever the bytes come from.
 *
 * Polls are stored as they arrive. Hours and zones are kept in memory until the upload has ended
 * well, and then replace what the stores had.
 *
 * @module
 */

import type { MayTouch } from "../../data/access/touch_rule.ts";
import { isStoreId, QUOTED_VALUE_MAX } from "../../data/limits.ts";
import { createPollBuffer, type PollsByStore } from "../../data/stores/poll_buffer.ts";
import { createPollReader } from "../../data/stores/poll_rows.ts";
import {
  collectHours,
  collectZones,
  type RejectedHours,
  weeklySpans,
} from "../../data/stores/settings_rows.ts";
import type { RecordReader, Reject } from "../../data/text/upload_reader.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import type { SeriesStore } from "../series/store.ts";
import { stageRejectedHours, stageRejectedHoursDelete } from "./rejected_hours.ts";
import { commitStores, stageStoreHours, stageStoreZone } from "./stores.ts";

/** What an upload is about. */
export type StoreUploadKind = "status" | "hours" | "timezones";

/** What an import needs. */
export interface StoreImportDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "atomic">;
  /** Where polls go. */
  readonly series: Pick<SeriesStore, "writeMany">;
  /** Which times polls may have. */
  readonly acceptedTimes: AcceptedTimes;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** How far an import is. The polls it counts are durable. */
export interface StoreImportProgress {
  /** Polls whose time was new. */
  inserted: number;
  /** Polls whose time had another status. */
  updated: number;
  /** Polls that changed nothing. */
  unchanged: number;
  /** Polls whose time occurs again later in the upload, so that a later one won. */
  repeated: number;
  /** Rows that were rejected. */
  rejected: number;
}

/** Rows of polls: `received` = `inserted` + `updated` + `unchanged` + `repeated` + `rejected`. */
export interface PollCounts extends Readonly<StoreImportProgress> {
  /** Rows of the upload. */
  readonly received: number;
}

/** Rows of hours or time zones: `received` = `replaced` + `rejected`. */
export interface ReplacementCounts {
  /** Rows of the upload. */
  readonly received: number;
  /** Rows that were accepted. */
  readonly replaced: number;
  /** Rows that were rejected. */
  readonly rejected: number;
  /** Stores whose hours or zone the accepted rows replaced. */
  readonly stores: number;
}

/** The rows that an import did not use. */
export interface UnusedRows {
  /** The first 100 rejected rows. */
  readonly rejects: readonly Reject[];
  /** Columns that mean nothing here: the first 100. */
  readonly ignored: readonly string[];
}

/** The result of an import, by what was uploaded. */
export type StoreImportResult =
  & UnusedRows
  & (
    | { readonly kind: "status"; readonly counts: PollCounts }
    | { readonly kind: "timezones"; readonly counts: ReplacementCounts }
    | {
      readonly kind: "hours";
      readonly counts: ReplacementCounts;
      /** The stores whose rows were all rejected. */
      readonly withoutHours: readonly string[];
    }
  );

/** An upload about stores. */
export interface StoreUpload {
  /** What it is about. */
  readonly kind: StoreUploadKind;
  /** Its bytes. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Which stores it may change; all by default. */
  readonly mayTouch?: MayTouch;
  /** Kept up to date while the import runs. */
  readonly progress: StoreImportProgress;
}

/**
 * Imports an upload. If it breaks off, the polls that arrived are stored, while hours and zones stay
 * as they were. Importing the same upload again completes it.
 *
 * @throws {AppError} INVALID_REQUEST if the header is wrong, SERIES_BUSY if other processes keep
 * writing the same stores; and whatever `chunks` throws.
 */
export async function importStores(
  deps: StoreImportDeps,
  upload: StoreUpload,
): Promise<StoreImportResult> {
  switch (upload.kind) {
    case "status":
      return await importPolls(deps, upload);
    case "hours":
      return await importHours(deps, upload);
    case "timezones":
      return await importZones(deps, upload);
  }
}

async function importPolls(
  { series, ...bounds }: StoreImportDeps,
  { chunks, progress, mayTouch }: StoreUpload,
): Promise<StoreImportResult> {
  const accepts = mayTouch && ((id: string) => isStoreId(id) && mayTouch(id));
  const buffer = createPollBuffer(accepts);
  const reader = createPollReader({ buffer, mayTouch, ...bounds });
  let storing = Promise.resolve();

  async function store({ ids, count, pageOf, release }: PollsByStore): Promise<void> {
    let distinct = 0;
    // Called once for each store. A page has each time once.
    const countedPageOf = (index: number) => {
      const page = pageOf(index);
      distinct += page.timesMs.length;
      return page;
    };
    const { inserted, updated } = await series.writeMany("site", ids, countedPageOf);
    progress.inserted += inserted;
    progress.updated += updated;
    progress.unchanged += distinct - inserted - updated;
    progress.repeated += count - distinct;
    release();
  }

  /** The next polls are read while these are written, so memory holds at most two buffers. */
  async function flush(): Promise<void> {
    await storing;
    storing = store(buffer.take());
    // Whoever awaits the promise gets its error. Until then it must not count as unhandled.
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
    // Even if the upload breaks off. A buffer holds so many polls that a slow client, cut off again
    // and again, would otherwise never get to the end.
    await flush();
    await storing;
  }
  const { inserted, updated, unchanged, repeated, rejected } = progress;
  const received = inserted + updated + unchanged + repeated + rejected;
  const counts = { received, inserted, updated, unchanged, repeated, rejected };
  return { kind: "status", counts, ...unusedRows(reader) };
}

async function importHours(
  { kv, now }: StoreImportDeps,
  upload: StoreUpload,
): Promise<StoreImportResult> {
  const { reader, byStore, accepted, rejectedStores } = collectHours(upload.mayTouch);
  await readAll(reader, upload);
  const rejected = rejectedStores(), atMs = now();
  await commitStores(kv, byStore, (op, id, numbers) => {
    stageStoreHours(op, id, weeklySpans(numbers));
    stageRejectedHoursDelete(op, id);
  });
  await commitStores(kv, rejected, (op, id, rows) => {
    stageRejectedHours(op, id, { atMs, ...rejectedRecord(rows) });
  });
  return {
    kind: "hours",
    counts: replacementCounts({ reader, byStore, accepted }),
    withoutHours: [...rejected.keys()],
    ...unusedRows(reader),
  };
}

async function importZones(
  { kv }: StoreImportDeps,
  upload: StoreUpload,
): Promise<StoreImportResult> {
  const rows = collectZones(upload.mayTouch);
  await readAll(rows.reader, upload);
  await commitStores(kv, rows.byStore, stageStoreZone);
  return { kind: "timezones", counts: replacementCounts(rows), ...unusedRows(rows.reader) };
}

async function readAll(reader: RecordReader, { chunks, progress }: StoreUpload): Promise<void> {
  for await (const chunk of chunks) {
    reader.push(chunk);
    progress.rejected = reader.rejected().count;
  }
  reader.end();
  progress.rejected = reader.rejected().count;
}

function rejectedRecord({ rows, first: { field, value, rule } }: RejectedHours) {
  return { rows, field, value: value.slice(0, QUOTED_VALUE_MAX), rule };
}

function replacementCounts(
  { reader, byStore, accepted }: {
    reader: RecordReader;
    byStore: ReadonlyMap<string, unknown>;
    accepted: () => number;
  },
): ReplacementCounts {
  const { count: rejected } = reader.rejected(), replaced = accepted();
  return { received: replaced + rejected, replaced, rejected, stores: byStore.size };
}

function unusedRows(reader: RecordReader): UnusedRows {
  return { rejects: reader.rejected().first, ignored: reader.ignored() };
}

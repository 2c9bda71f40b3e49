/**
 * What an import has done so far: in all, and with each meter.
 *
 * @module
 */

import type { MeterNotes } from "../../data/imports/meter_rows.ts";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import type { ImportProgress, RunningImports } from "../imports/running_imports.ts";

/** The records so far that are stored or will not be. */
export interface ImportCounts {
  /** All of them. */
  readonly received: number;
  /** Times that were new. */
  readonly inserted: number;
  /** Times that were stored with other values. */
  readonly updated: number;
  /** Times that were stored with the same values. */
  readonly unchanged: number;
  /** Records whose time occurred earlier in the upload. */
  readonly repeated: number;
  /** Records that were rejected. */
  readonly rejected: number;
}

/** A meter of the upload. */
export interface MeterCounts {
  /** What its reader says about it. */
  readonly notes: MeterNotes;
  /** Its records. */
  readonly counts: ImportCounts;
}

/** Counts of an import, shown as running until they are disposed of. */
export interface RunningCounts extends Disposable {
  /** How much of the body arrived, bytes. */
  receivedBytes: number;
  /** Takes in which meters the reader has met. */
  update(): void;
  /** Adds what was done with readings of a meter that the reader has met. */
  add(meterId: string, done: Omit<ImportCounts, "received" | "rejected">): void;
  /** All records. */
  total(): ImportCounts;
  /** Every meter, in the order of its first record. */
  meters(): readonly MeterCounts[];
}

/** An import that begins. */
export interface StartedImport {
  /** What reads the upload. */
  readonly reader: Pick<ManyMetersReader, "meters" | "rejected">;
  /** When it began, epoch milliseconds. */
  readonly startedMs: number;
  /** Length of the body before decompression, bytes; null if the request has no length. */
  readonly totalBytes: number | null;
  /** Whether it writes nothing. */
  readonly isDryRun: boolean;
}

type Done = { inserted: number; updated: number; unchanged: number; repeated: number };

/** Counts of an import that begins. */
export function createImportCounts(
  imports: RunningImports,
  { reader, startedMs, totalBytes, isDryRun }: StartedImport,
): RunningCounts {
  const tracked = new DisposableStack();
  const meters = new Map<string, { notes: MeterNotes; progress: ImportProgress & Done }>();
  const whole: Done = { inserted: 0, updated: 0, unchanged: 0, repeated: 0 };

  function begin(notes: MeterNotes): void {
    const progress = {
      startedMs,
      totalBytes,
      isDryRun,
      get receivedBytes() {
        return counts.receivedBytes;
      },
      get rejected() {
        return notes.rejected;
      },
      inserted: 0,
      updated: 0,
      unchanged: 0,
      repeated: 0,
    };
    meters.set(notes.meterId, { notes, progress });
    if (notes.refusal === null) tracked.use(imports.track(notes.meterId, progress));
  }

  const counts: RunningCounts = {
    receivedBytes: 0,
    update() {
      const met = reader.meters();
      for (let index = meters.size; index < met.length; index++) begin(met[index]);
    },
    add(meterId, done) {
      addTo(whole, done);
      const meter = meters.get(meterId);
      if (meter !== undefined) addTo(meter.progress, done);
    },
    total: () => countsOf(whole, reader.rejected().count),
    meters: () =>
      [...meters.values()].map(({ notes, progress }) => (
        { notes, counts: countsOf(progress, notes.rejected) }
      )),
    [Symbol.dispose]: () => tracked.dispose(),
  };
  counts.update();
  return counts;
}

function addTo(total: Done, done: Done): void {
  total.inserted += done.inserted;
  total.updated += done.updated;
  total.unchanged += done.unchanged;
  total.repeated += done.repeated;
}

function countsOf(
  { inserted, updated, unchanged, repeated }: Done,
  rejected: number,
): ImportCounts {
  const received = inserted + updated + unchanged + repeated + rejected;
  return { received, inserted, updated, unchanged, repeated, rejected };
}

/**
 * What an import has done so far: in all, and with each meter.
 *
 * @module
 */

import type { MeterNotes } from "../../data/imports/meter_rows.ts";
import type { CountedReader } from "../../data/imports/notes_change.ts";
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
  /** Says what reads the upload, once that is known. */
  begin(reader: CountedReader): void;
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
  /** Who requested it. */
  readonly owner: string;
  /** Its one meter; null if the records name theirs. */
  readonly meterId: string | null;
  /** When it began, epoch milliseconds. */
  readonly startedMs: number;
  /** Length of the body before decompression, bytes; null if the request has no length. */
  readonly totalBytes: number | null;
  /** Whether it writes nothing. */
  readonly isDryRun: boolean;
}

interface TrackedMeter {
  notes: MeterNotes | null;
  readonly progress: ImportProgress & Done;
}

type Done = { inserted: number; updated: number; unchanged: number; repeated: number };

/** Counts of an import that begins. */
export function createImportCounts(
  imports: RunningImports,
  { owner, meterId, startedMs, totalBytes, isDryRun }: StartedImport,
): RunningCounts {
  const tracked = new DisposableStack();
  let reader: CountedReader | null = null;
  const meters = new Map<string, TrackedMeter>();
  const whole: Done = { inserted: 0, updated: 0, unchanged: 0, repeated: 0 };

  /** Shows the import as one of a meter. `notes` may be known later. */
  function track(id: string, notes: MeterNotes | null): TrackedMeter {
    const meter: TrackedMeter = {
      notes,
      progress: {
        owner,
        startedMs,
        totalBytes,
        isDryRun,
        get receivedBytes() {
          return counts.receivedBytes;
        },
        get rejected() {
          return meter.notes?.rejected ?? 0;
        },
        inserted: 0,
        updated: 0,
        unchanged: 0,
        repeated: 0,
      },
    };
    if (notes === null || notes.refusal === null) tracked.use(imports.track(id, meter.progress));
    return meter;
  }

  /** The one meter of the upload, before its first byte. */
  const only = meterId === null ? null : track(meterId, null);

  function begin(notes: MeterNotes): void {
    const meter = notes.meterId === meterId && only !== null ? only : track(notes.meterId, notes);
    meter.notes = notes;
    meters.set(notes.meterId, meter);
  }

  const counts: RunningCounts = {
    receivedBytes: 0,
    begin(given) {
      reader = given;
      counts.update();
    },
    update() {
      const met = reader?.meters() ?? [];
      for (let index = meters.size; index < met.length; index++) begin(met[index]);
    },
    add(meterId, done) {
      addTo(whole, done);
      const meter = meters.get(meterId);
      if (meter !== undefined) addTo(meter.progress, done);
    },
    total() {
      const met = reader?.meters() ?? [];
      const leftOut = met.reduce((sum, notes) => sum + leftOutOf(notes), 0);
      return countsOf(whole, { rejected: reader?.rejected().count ?? 0, leftOut });
    },
    meters: () =>
      [...meters.values()].flatMap(({ notes, progress }) => {
        if (notes === null) return [];
        const more = { rejected: notes.rejected, leftOut: leftOutOf(notes) };
        return [{ notes, counts: countsOf(progress, more) }];
      }),
    [Symbol.dispose]: () => tracked.dispose(),
  };
  return counts;
}

function addTo(total: Done, done: Done): void {
  total.inserted += done.inserted;
  total.updated += done.updated;
  total.unchanged += done.unchanged;
  total.repeated += done.repeated;
}

/** How many records of a meter gave no reading. */
function leftOutOf({ leftOut }: MeterNotes): number {
  return leftOut.values().reduce((sum, count) => sum + count, 0);
}

function countsOf(
  { inserted, updated, unchanged, repeated }: Done,
  { rejected, leftOut }: { rejected: number; leftOut: number },
): ImportCounts {
  const received = inserted + updated + unchanged + repeated + rejected + leftOut;
  return { received, inserted, updated, unchanged, repeated, rejected };
}

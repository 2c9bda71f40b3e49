/**
 * Reading a file of meters in tests: in chunks of any lengths, with the meters' profiles as an import
 * gives them.
 *
 * @module
 */

import { createMeterRows, type MeterReject } from "../../../data/imports/meter_rows.ts";
import type { FileNotes } from "../../../data/imports/file_notes.ts";
import type { MeterFileOptions, MeterFileReader } from "../../../data/meter_files/meter_file.ts";
import type { TimeRules } from "../../../data/imports/time_sequence.ts";
import { type Profile, PROFILES } from "../../../data/readings/profile.ts";
import { type Row, rowsOf } from "../../support/pages.ts";

/** What a file has. */
export interface ReadFile {
  /** The readings of each meter, by metric if they are, in the order of the file. */
  readonly meters: Readonly<Record<string, Row[]>>;
  /** The readings by meter and metric: `01 0`, or `01 undefined` if they are whole readings. */
  readonly parts: Readonly<Record<string, Row[]>>;
  /** How many records were rejected. */
  readonly rejectedCount: number;
  /** The listed ones. */
  readonly rejects: readonly MeterReject[];
  /** What else was found. */
  readonly notes: FileNotes;
  /** The error at the end, or null. */
  readonly error: unknown;
}

/** How to read a file. */
export interface ReadFileOptions {
  /** The one meter of the upload; by default the file carries the ids. */
  readonly meterId?: string;
  /** The profile of a meter; `meter` by default. */
  readonly profileOf?: (meterId: string) => Profile | { rule: string };
  /** Earlier times are rejected, epoch milliseconds; 1970 by default. */
  readonly oldestMs?: number;
  /** How wall times become instants; they are UTC by default. */
  readonly timeRules?: TimeRules;
  /** Lengths of the chunks, over and over; one chunk by default. */
  readonly sizes?: readonly number[];
}

/** Reads a file to its end, or to its error. */
export function readFile(
  createReader: (options: MeterFileOptions) => MeterFileReader,
  body: string | Uint8Array,
  { meterId, profileOf = () => PROFILES.meter, oldestMs = 0, timeRules, sizes }: ReadFileOptions =
    {},
): ReadFile {
  const rows = createMeterRows({
    oldestMs,
    timeRules: () => timeRules ?? null,
  });
  const reader = createReader({ meterId: meterId ?? null, rows, oldestMs });
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const parts = new Map<string, Row[]>();
  let error: unknown = null;

  function settle(): void {
    for (let ids = reader.unknown(); ids.length > 0; ids = reader.unknown()) {
      for (const id of ids) reader.know(id, profileOf(id));
      reader.resume();
    }
    take();
  }

  function take(): void {
    for (const { meterId, part, batch } of reader.take()) {
      const key = `${meterId} ${part}`;
      parts.set(key, [...parts.get(key) ?? [], ...rowsOf(batch.page)]);
    }
  }

  try {
    const lengths = sizes ?? [Math.max(1, bytes.length)];
    for (let at = 0, index = 0; at < bytes.length; index++) {
      const end = at + lengths[index % lengths.length];
      reader.push(bytes.slice(at, end));
      settle();
      at = end;
    }
    reader.end();
    settle();
  } catch (thrown) {
    error = thrown;
    take();
  }
  const meters: Record<string, Row[]> = {};
  for (const key of [...parts.keys()].sort()) {
    (meters[key.split(" ")[0]] ??= []).push(...parts.get(key) ?? []);
  }
  const { count, first } = reader.rejected();
  return {
    meters,
    parts: Object.fromEntries(parts),
    rejectedCount: count,
    rejects: first,
    notes: reader.notes(),
    error,
  };
}

/**
 * Stored readings that cannot be decoded. Whatever needs them fails with an error that names the series
 * and the day; everything else goes on.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import type { Page } from "../../data/readings/page.ts";
import { decodePage, type PageMemory } from "../../data/readings/page_decoder.ts";
import { readingsIn } from "../../data/readings/page_format.ts";
import type { StoredBlock } from "./blocks.ts";
import type { SeriesRef } from "./ref.ts";

/** Where stored readings are damaged. */
export interface DamagedPlace {
  /** The series. */
  readonly ref: SeriesRef;
  /** Start of the UTC day, epoch milliseconds; null for readings that are not folded yet. */
  readonly dayMs: number | null;
}

/** Stored readings are damaged. The code is STORED_DATA_DAMAGED. */
export class DamagedDataError extends AppError {
  /** Where. */
  readonly place: DamagedPlace;

  /** Creates the error for a place. The cause says why the bytes cannot be decoded. */
  constructor(place: DamagedPlace, cause: unknown) {
    super("STORED_DATA_DAMAGED", damageText(place), {
      details: place.dayMs === null
        ? "The operator can restore a backup, or set the damaged readings aside"
        : "Readings of other days can be read. The operator can restore a backup, or set the " +
          "damaged readings aside",
      cause,
    });
    this.name = "DamagedDataError";
    this.place = place;
  }
}

/** A sentence that names the series and the day. */
export function damageText({ ref: { profile, id }, dayMs }: DamagedPlace): string {
  const when = dayMs === null
    ? "The latest stored readings"
    : `The stored readings of ${new Date(dayMs).toISOString().slice(0, 10)} (UTC)`;
  return `${when} of '${id}' (profile ${profile}) are damaged`;
}

/**
 * Decodes a block like `decodePage`, and makes sure that its readings are of its range of time.
 *
 * @throws {DamagedDataError} if the block is damaged.
 */
export function decodeBlock(
  ref: SeriesRef,
  { startMs, bytes }: StoredBlock,
  { memory, only }: { memory?: PageMemory; only?: readonly number[] } = {},
): Page {
  const dayMs = dayStartMs(startMs);
  try {
    const page = decodePage(bytes, memory, only);
    const { timesMs } = page;
    if (!(timesMs[0] >= startMs && timesMs[timesMs.length - 1] < dayMs + DAY_MS)) {
      throw new SyntaxError(
        `Cannot decode block as its times are not those of its key: ${startMs}`,
      );
    }
    return page;
  } catch (error) {
    throw new DamagedDataError({ ref, dayMs }, error);
  }
}

/** What `read` returns, or `otherwise` if it finds damaged data. */
export function ifSound<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DamagedDataError) return otherwise;
    throw error;
  }
}

/**
 * The number of readings of a block, found without decoding it.
 *
 * @throws {DamagedDataError} if it has no header.
 */
export function blockReadings(ref: SeriesRef, { startMs, bytes }: StoredBlock): number {
  try {
    return readingsIn(bytes);
  } catch (error) {
    throw new DamagedDataError({ ref, dayMs: dayStartMs(startMs) }, error);
  }
}

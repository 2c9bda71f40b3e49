/**
 * Which records of an upload for one meter are its own, if they name meters.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";
import type { MeterColumn } from "./dialect.ts";

/** The `register` that takes the records of all meters. */
export const EVERY_METER = "*";
/** How many ids of other meters an error names. */
const IDS_NAMED = 10;

/** Tells the records of a meter from those of others. */
export interface MeterFilter {
  /** The id that records of the meter have; null if any is right. */
  readonly wanted: string | null;
  /** Whether a record with this id is one of the meter. */
  takes(recordId: string): boolean;
  /** Says that the upload has ended. @throws {AppError} INVALID_REQUEST if all records are of others. */
  end(): void;
}

/**
 * A filter for an upload that names its column of meters: it takes the records with the id `register`,
 * or that of the meter. Null if the upload does not name it.
 */
export function createMeterFilter(
  meterId: string,
  { name }: MeterColumn,
  register: string | null,
): MeterFilter | null {
  if (name === null && register === null) return null;
  if (register === EVERY_METER) return { wanted: null, takes: () => true, end() {} };
  const wanted = register ?? meterId;
  const others = new Set<string>();
  let isFound = false;
  return {
    wanted,
    takes(recordId) {
      if (recordId === wanted) isFound = true;
      else if (others.size <= IDS_NAMED) others.add(recordId.slice(0, QUOTED_VALUE_MAX));
      return recordId === wanted;
    },
    end() {
      if (isFound || others.size === 0) return;
      const detail = `No record has the meter ${wanted}; the upload has ${named(others)}. Choose ` +
        "one of them with register=, or send the upload to /api/readings";
      throw refusal(register === null ? "#meter" : "#register", detail, wanted);
    },
  };
}

/**
 * A check of a column that looks like that of meters although the upload does not name it. Records of
 * several meters would become one series.
 */
export function createMeterGuard(name: string): {
  /** Takes the id of a record. @throws {AppError} INVALID_REQUEST if it is not that of the others. */
  check(recordId: string): void;
} {
  let first: string | null = null;
  return {
    check(recordId) {
      if (recordId === "" || recordId === first) return;
      if (first === null) {
        first = recordId;
        return;
      }
      const ids = [first, recordId].map((id) => id.slice(0, QUOTED_VALUE_MAX));
      const detail =
        `The upload has several meters in ${name}: ${named(new Set(ids))} and perhaps ` +
        `more. Send it to /api/readings?meter=${name}, or choose one with meter=${name}` +
        `&register=${ids[0]}`;
      throw refusal("#meter", detail, recordId);
    },
  };
}

function named(ids: ReadonlySet<string>): string {
  const shown = [...ids].slice(0, IDS_NAMED).join(", ");
  return ids.size > IDS_NAMED ? `${shown} and more` : shown;
}

function refusal(pointer: string, detail: string, value: string): AppError {
  const error = { pointer, detail, value: value.slice(0, QUOTED_VALUE_MAX) };
  return new AppError("INVALID_REQUEST", detail, { errors: [error] });
}

/**
 * Which series of a file go to which meter.
 *
 * A file of meters carries its own ids. An upload for one meter takes one series of it: the one that
 * the upload names, else the one with the id of the meter, or the first if the meter has a name of its
 * own.
 *
 * @module
 */

import { METER_ID_PATTERN, METER_ID_RULE } from "../limits.ts";

/** A series as the file names it. */
export interface CarriedSeries {
  /** What its id begins with: a NMI, or a usage point. */
  readonly group: string;
  /** Its id, unique in the file. */
  readonly id: string;
}

/** The meter that takes a series, or why none does. */
export type Chosen = { readonly meterId: string } | { readonly reason: string };

/** Chooses meters for the series of one upload. */
export interface MeterChoice {
  /** The meter of a series, the same each time. */
  meterOf(series: CarriedSeries): Chosen;
}

/**
 * A choice for an upload; `fixedId` is its one meter, or null if the file carries the ids. `register`
 * is the series that the upload names, or null.
 */
export function createMeterChoice(fixedId: string | null, register: string | null): MeterChoice {
  let taken: string | null = null;

  function isTaken({ group, id }: CarriedSeries): boolean {
    if (register !== null) return register === id;
    if (fixedId === id) return true;
    // An id of this group means a certain series of it, which is not this one.
    if (fixedId === group || fixedId?.startsWith(`${group}_`)) return false;
    taken ??= id;
    return taken === id;
  }

  return {
    meterOf(series) {
      if (fixedId === null) {
        if (register !== null && register !== series.id) return { reason: `it is not ${register}` };
        const { id } = series;
        return METER_ID_PATTERN.test(id)
          ? { meterId: id }
          : { reason: `the id of a meter is ${METER_ID_RULE}` };
      }
      if (isTaken(series)) return { meterId: fixedId };
      const how = `register=${series.id} takes this series, POST /api/readings all`;
      return { reason: `the upload is for ${fixedId}; ${how}` };
    },
  };
}

/**
 * The series that a 200 record of NEM12 begins.
 *
 * @module
 */

import { INTERVAL_MINUTES } from "./nem12_day.ts";

/** What a 200 record says. */
export interface Nem12Series {
  /** The national meter identifier. */
  readonly nmi: string;
  /** `NMI_suffix`. */
  readonly id: string;
  /** The unit, as the file writes it. */
  readonly uom: string;
  /** The length of its intervals. */
  readonly minutes: number;
  /** The rule that the record breaks, or null. */
  readonly problem: string | null;
}

/** Reads the fields of a 200 record. */
export function readSeries(fields: readonly string[]): Nem12Series {
  const [, nmi = "", , , suffix = "", , , uom = "", length = ""] = fields;
  const minutes = Number(length);
  const series = { nmi, id: `${nmi}_${suffix}`, uom, minutes };
  if (!/^[A-Za-z0-9]{10,11}$/.test(nmi)) {
    return { ...series, problem: "a NMI of 10 letters and digits in field 2" };
  }
  if (!/^[A-Za-z0-9]{2}$/.test(suffix)) {
    return { ...series, problem: "a NMISuffix of two letters and digits in field 5" };
  }
  if (!INTERVAL_MINUTES.includes(minutes)) {
    const problem = `an IntervalLength of ${INTERVAL_MINUTES.join(", ")} minutes in field 9`;
    return { ...series, problem };
  }
  return { ...series, problem: null };
}

/**
 * The rule that a value breaks which is not a number, and the option that may help.
 *
 * @module
 */

import { parseGroupedDecimal } from "../text/decimal_fields.ts";

/** Ways to write numbers, as options. */
const OTHERS: readonly [options: string, point: string, thousands: string][] = [
  ["decimal=,", ",", ""],
  ["decimal=.", ".", ""],
  ["decimal=.&thousands=,", ".", ","],
  ["decimal=,&thousands=.", ",", "."],
  ["decimal=.&thousands=space", ".", " \u00a0\u2009\u202f"],
  ["decimal=,&thousands=space", ",", " \u00a0\u2009\u202f"],
  ["decimal=.&thousands=apostrophe", ".", "'\u2019"],
];

/** The rule for a field that is not a number with this decimal point. */
export function numberRule(field: string, point: string): string {
  const rule = `a decimal number with a ${point === "," ? "comma" : "point"}`;
  const other = OTHERS.find(([, otherPoint, thousands]) =>
    parseGroupedDecimal(field, { point: otherPoint, thousands }) !== null
  );
  if (other !== undefined) return `${rule}; if this is a number, send ${other[0]}`;
  if (field.includes("\ufffd")) {
    return `${rule}; the text is not UTF-8: send encoding=windows-1252, or the one that it is in`;
  }
  if (/\d/.test(field) || field.includes(",")) return rule;
  return `${rule}; if this means that there is no value, send missing=${field.slice(0, 20)}`;
}

/**
 * Times in the form that nearly every device sends, `2026-02-01T14:23:45Z`, read without a pattern.
 * This is several times as fast as `parseInstant()`, which accepts every form.
 *
 * @module
 */

import { daysInMonth } from "./time_text.ts";

const CHARS = 20;
const ZERO = 48, DASH = 45, COLON = 58, UPPER_T = 84, UPPER_Z = 90;
/** Date.UTC reads years below 100 as 19xx. */
const FIRST_YEAR = 1000;

/** The time of a text in that form, from the year 1000 on, epoch milliseconds; NaN for others. */
export function plainInstant(text: string): number {
  const isForm = text.length === CHARS && text.charCodeAt(4) === DASH &&
    text.charCodeAt(7) === DASH && text.charCodeAt(10) === UPPER_T &&
    text.charCodeAt(13) === COLON && text.charCodeAt(16) === COLON &&
    text.charCodeAt(19) === UPPER_Z;
  if (!isForm) return NaN;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5), day = twoDigits(text, 8);
  const hour = twoDigits(text, 11), minute = twoDigits(text, 14), second = twoDigits(text, 17);
  // Every comparison with NaN is false.
  const isTime = year >= FIRST_YEAR && month >= 1 && month <= 12 && day >= 1 &&
    day <= daysInMonth(year, month) && hour <= 23 && minute <= 59 && second <= 59;
  return isTime ? Date.UTC(year, month - 1, day, hour, minute, second) : NaN;
}

/** Two digits as a number; NaN if either is not a digit. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

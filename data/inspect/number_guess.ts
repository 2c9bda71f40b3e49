/**
 * How the numbers of a table are written: the decimal point and what parts thousands.
 *
 * @module
 */

/** How numbers are written. */
export interface NumberGuess {
  /** The decimal point. */
  readonly decimal: "." | ",";
  /** What parts thousands; null if nothing does. */
  readonly thousands: "." | "," | " " | "'" | null;
  /** Whether any number has a decimal point or groups of thousands. */
  readonly isShown: boolean;
  /** A number that has two readings while no other one settles it; null if there is none. */
  readonly unclear: string | null;
}

const NUMBER =
  /^[+-]?(?:\d+(?:[., '\u2019\u00a0\u202f]\d{3})*(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?$/;
/** Texts that stand for a missing value in files that people have. */
const MISSING = ["?", "-", "--", "NA", "N/A", "n/a", "NaN", "nan", "null", "Null", "NULL", "None"];
const MISSING_STATES = ["unknown", "unavailable"];

/** Whether a text is a number in any way of writing it. */
export function isNumberLike(text: string): boolean {
  return NUMBER.test(text);
}

/** Whether a text stands for a missing value. */
export function isMissingLike(text: string): boolean {
  return MISSING.includes(text) || MISSING_STATES.includes(text);
}

/** How numbers are written, from as many of them as there are. */
export function guessNumbers(numbers: readonly string[]): NumberGuess {
  const votes = { point: 0, comma: 0, pointGroups: 0, commaGroups: 0 };
  let spaces = false, quotes = false, unclear: string | null = null;
  for (const text of numbers) {
    const bare = text.replace(/^[+-]/, "").replace(/[eE].*$/, "");
    if (/\d[ \u00a0\u202f]\d{3}/.test(bare)) spaces = true;
    if (/\d['\u2019]\d{3}/.test(bare)) quotes = true;
    const kind = readingOf(bare.replaceAll(/[ '\u2019\u00a0\u202f]/g, ""));
    if (kind === "unclear") unclear ??= text;
    else if (kind !== null) votes[kind]++;
  }
  const thousands = votes.commaGroups > 0
    ? ","
    : votes.pointGroups > 0
    ? "."
    : spaces
    ? " "
    : quotes
    ? "'"
    : null;
  if (votes.comma > votes.point || (votes.pointGroups > 0 && votes.point === 0)) {
    return {
      decimal: ",",
      thousands: thousands === "," ? null : thousands,
      isShown: true,
      unclear: null,
    };
  }
  if (votes.point > 0 || votes.commaGroups > 0 || unclear === null) {
    const isShown = votes.point > 0 || votes.commaGroups > 0;
    return {
      decimal: ".",
      thousands: thousands === "." ? null : thousands,
      isShown,
      unclear: null,
    };
  }
  // 1,234 or 1.234 everywhere: three decimals are what meters write.
  return { decimal: unclear.includes(",") ? "," : ".", thousands, isShown: true, unclear };
}

/** What one number shows: a point or comma for decimals, groups of thousands, or nothing. */
function readingOf(
  text: string,
): "point" | "comma" | "pointGroups" | "commaGroups" | "unclear" | null {
  const points = text.split(".").length - 1, commas = text.split(",").length - 1;
  if (points + commas === 0) return null;
  if (points > 0 && commas > 0) {
    return text.lastIndexOf(".") > text.lastIndexOf(",") ? "commaGroups" : "pointGroups";
  }
  if (points > 1) return "pointGroups";
  if (commas > 1) return "commaGroups";
  // A whole part of 0, of more than 3 digits, or another number of decimals: not thousands.
  if (/^[1-9]\d{0,2}[.,]\d{3}$/.test(text)) return "unclear";
  return points === 1 ? "point" : "comma";
}

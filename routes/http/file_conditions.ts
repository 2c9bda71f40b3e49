/**
 * How to answer a request for a file: preconditions and ranges of RFC 9110. Pure.
 *
 * @module
 */

/** The state of the file. */
export interface FileState {
  /** Its strong entity tag, with quotes. */
  readonly etag: string;
  /** When it was last modified, epoch milliseconds. Fractions of a second do not count. */
  readonly modifiedMs: number;
  /** Its size, bytes. */
  readonly sizeBytes: number;
}

/** Bytes `start` to `end` (exclusive). */
export interface ByteRange {
  /** First byte. */
  readonly start: number;
  /** The byte after the last one. */
  readonly end: number;
}

/** The answer: whole file, part, not modified, failed precondition, or range outside the file. */
export type FileAnswer =
  | { readonly status: 200 | 304 | 412 | 416 }
  | { readonly status: 206; readonly range: ByteRange };

/** Decides in the order of RFC 9110 §13.2.2. A request for several ranges gets the whole file. */
export function decideAnswer(
  { method, headers }: Pick<Request, "method" | "headers">,
  file: FileState,
): FileAnswer {
  const ifMatch = headers.get("if-match");
  const ifUnmodified = headers.get("if-unmodified-since");
  if (ifMatch !== null) {
    if (!listsTag(ifMatch, file.etag, "strong")) return { status: 412 };
  } else if (ifUnmodified !== null && isModifiedSince(file, ifUnmodified)) return { status: 412 };
  const ifNoneMatch = headers.get("if-none-match");
  const ifModified = headers.get("if-modified-since");
  if (ifNoneMatch !== null) {
    if (isKnown(headers, file.etag)) return { status: 304 };
  } else if (ifModified !== null && isUnmodifiedSince(file, ifModified)) return { status: 304 };
  const rangeText = headers.get("range");
  if (method !== "GET" || rangeText === null || !rangeHolds(headers.get("if-range"), file)) {
    return { status: 200 };
  }
  const range = parseRange(rangeText, file.sizeBytes);
  if (range === "whole") return { status: 200 };
  return range === "outside" ? { status: 416 } : { status: 206, range };
}

/** Whether `If-None-Match` says that the client has the content of an entity tag. */
export function isKnown(headers: Headers, etag: string): boolean {
  return listsTag(headers.get("if-none-match") ?? "", etag, "weak");
}

/** A time as an HTTP date (RFC 9110 §5.6.7). */
export function httpDate(timeMs: number): string {
  return new Date(timeMs).toUTCString();
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const CLOCK = "(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)";
/** The three forms of RFC 9110 §5.6.7: IMF-fixdate, RFC 850, asctime. */
const HTTP_DATES = [
  `^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), (?<day>\\d\\d) (?<month>\\w{3}) (?<year>\\d{4}) ${CLOCK} GMT$`,
  `^(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, (?<day>\\d\\d)-(?<month>\\w{3})-(?<year>\\d\\d) ${CLOCK} GMT$`,
  `^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat) (?<month>\\w{3}) (?<day>[\\d ]\\d) ${CLOCK} (?<year>\\d{4})$`,
].map((pattern) => new RegExp(pattern));

/** The time of an HTTP date, epoch milliseconds; NaN for any other text. */
export function parseHttpDate(text: string): number {
  for (const form of HTTP_DATES) {
    const match = form.exec(text.trim());
    if (match?.groups === undefined) continue;
    const { month, year } = match.groups;
    const [day, hour, minute, second] = ["day", "hour", "minute", "second"].map((name) =>
      Number(match.groups?.[name])
    );
    // Two digits mean a year from 1970 to 2069, as in POSIX.
    const fullYear = Number(year) + (year.length > 2 ? 0 : Number(year) < 70 ? 2000 : 1900);
    const monthIndex = MONTHS.indexOf(month);
    const date = new Date(Date.UTC(fullYear, monthIndex, day, hour, minute, second));
    const isReal = monthIndex >= 0 && date.getUTCDate() === day && hour < 24 && minute < 60;
    return isReal ? date.getTime() : NaN;
  }
  return NaN;
}

/** A byte range; "whole" if the header must be ignored, "outside" if it cannot be satisfied. */
function parseRange(text: string, sizeBytes: number): ByteRange | "whole" | "outside" {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(text);
  if (match === null || (match[1] === "" && match[2] === "")) return "whole";
  if (match[1] === "") {
    const start = Math.max(0, sizeBytes - Number(match[2]));
    return start < sizeBytes ? { start, end: sizeBytes } : "outside";
  }
  const start = Number(match[1]);
  const end = match[2] === "" ? sizeBytes : Math.min(sizeBytes, Number(match[2]) + 1);
  if (match[2] !== "" && Number(match[2]) < start) return "whole";
  return start < sizeBytes ? { start, end } : "outside";
}

/** RFC 9110 §13.1.5: the strong tag or the date must match exactly. */
function rangeHolds(ifRange: string | null, file: FileState): boolean {
  if (ifRange === null) return true;
  const text = ifRange.trim();
  if (text.startsWith('"') || text.startsWith("W/")) return text === file.etag;
  return parseHttpDate(text) === wholeSecond(file.modifiedMs);
}

function listsTag(list: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (list.trim() === "*") return true;
  const tags = list.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (comparison === "weak" && tag === `W/${etag}`));
}

/** An invalid date counts as absent. */
function isModifiedSince({ modifiedMs }: FileState, date: string): boolean {
  return wholeSecond(modifiedMs) > parseHttpDate(date);
}

function isUnmodifiedSince({ modifiedMs }: FileState, date: string): boolean {
  return wholeSecond(modifiedMs) <= parseHttpDate(date);
}

function wholeSecond(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

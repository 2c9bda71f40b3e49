/**
 * Reads polls from the bytes of an upload: store, time, active or not.
 *
 * A plain record is read straight from its bytes. Any other record is split into fields, which also
 * finds out what is wrong with it.
 *
 * @module
 */

import type { MayTouch } from "../access/touch_rule.ts";
import type { TableHeader } from "../text/table_header.ts";
import { createTableReader, type TableRows } from "../text/table_read.ts";
import type { RecordReader, RowProblem } from "../text/upload_reader.ts";
import { type AcceptedTimes, futureRule, oldestRule } from "../time/accepted_times.ts";
import { compileTimeFormat } from "../time/time_format.ts";
import { parseWallTime } from "../time/time_text.ts";
import { STATUS_COLUMNS, storeIdProblem } from "./columns.ts";
import type { PollBuffer } from "./poll_buffer.ts";

const LF = 10, CR = 13, SPACE = 32, QUOTE = 34, COMMA = 44, ZERO = 48, ONE = 49;
const UPPER_U = 85, UPPER_T = 84, UPPER_C = 67;
/** OR-ed with the byte of a letter, this gives the lower-case letter. */
const LOWER_CASE = 32;
const STORE = 0, TIME = 1;
const ACTIVE = new TextEncoder().encode("active");
const INACTIVE = new TextEncoder().encode("inactive");
const UTC_SUFFIX = / *utc$/i;
const STATUS_RULE = "active or inactive, or 1 or 0";
const TIME_RULE = "a time such as 2023-01-25 12:09:39.388884 UTC, or an ISO 8601 time";

/** Where the polls of an upload go, and which times they may have. */
export interface PollReaderOptions {
  /** Takes the polls. It must not accept stores that may not be touched. */
  readonly buffer: PollBuffer;
  /** Which stores may have polls; all by default. */
  readonly mayTouch?: MayTouch;
  /** The bounds of their times. */
  readonly acceptedTimes: AcceptedTimes;
  /** Epoch milliseconds now. It must not go back. */
  readonly now: () => number;
}

/** The rule that a time breaks, or null if a poll may have it. */
type FindBrokenRule = (timeMs: number) => string | null;

/** Creates a reader of an upload of polls. */
export function createPollReader(
  { buffer, mayTouch, ...bounds }: PollReaderOptions,
): RecordReader {
  const findBrokenRule = createTimeCheck(bounds);
  return createTableReader({
    columns: STATUS_COLUMNS,
    createRows: (header): TableRows => ({
      readPlain: createPlainReader(header, buffer, findBrokenRule),
      readFields: (texts) =>
        storeIdProblem(texts[0], mayTouch) ?? readPoll(texts, buffer, findBrokenRule),
    }),
  });
}

function createTimeCheck(
  { acceptedTimes, now }: Pick<PollReaderOptions, "acceptedTimes" | "now">,
): FindBrokenRule {
  // Asks the clock only if a time is later than any that was accepted at the last look.
  let latestMs = -Infinity;
  return (timeMs) => {
    if (timeMs < acceptedTimes.oldestMs) return oldestRule(acceptedTimes);
    if (timeMs <= latestMs) return null;
    latestMs = now() + acceptedTimes.futureToleranceMs;
    return timeMs <= latestMs ? null : futureRule(acceptedTimes);
  };
}

function createPlainReader(
  { roles }: TableHeader,
  buffer: PollBuffer,
  findBrokenRule: FindBrokenRule,
): NonNullable<TableRows["readPlain"]> {
  const { scan } = compileTimeFormat("iso");
  const time = { wallMs: NaN, offsetMs: NaN };
  let isActive = false;

  /** Where a time ends, including a UTC after it; or -1. */
  function scanTime(bytes: Uint8Array, start: number): number {
    const end = scan(bytes, start, time);
    if (end < 0 || bytes[end] !== SPACE || time.offsetMs === time.offsetMs) return end;
    const isUtc = bytes[end + 1] === UPPER_U && bytes[end + 2] === UPPER_T &&
      bytes[end + 3] === UPPER_C;
    return isUtc ? end + 4 : end;
  }

  function scanStatus(bytes: Uint8Array, start: number): number {
    const first = bytes[start];
    if (first === ZERO || first === ONE) {
      isActive = first === ONE;
      return start + 1;
    }
    isActive = (first | LOWER_CASE) === ACTIVE[0];
    return matchEnd(bytes, start, isActive ? ACTIVE : INACTIVE);
  }

  function scanField(bytes: Uint8Array, start: number, role: number): number {
    if (role === STORE) return buffer.scanStore(bytes, start);
    if (role === TIME) return scanTime(bytes, start);
    return role < 0 ? plainEnd(bytes, start) : scanStatus(bytes, start);
  }

  return (bytes, start, limit) => {
    if (bytes[start] === LF) return start;
    let at = start;
    for (let column = 0; column < roles.length; column++) {
      if (column > 0 && bytes[at++] !== COMMA) return -1;
      at = scanField(bytes, at, roles[column]);
      if (at < 0) return -1;
    }
    if (bytes[at] === CR) at++;
    if (bytes[at] !== LF || at > limit) return -1;
    const { wallMs, offsetMs } = time;
    const timeMs = offsetMs === offsetMs ? wallMs - offsetMs : wallMs;
    if (timeMs !== timeMs || findBrokenRule(timeMs) !== null) return -1;
    buffer.add(timeMs, isActive);
    return at;
  };
}

function readPoll(
  [id, timeText, statusText]: readonly string[],
  buffer: PollBuffer,
  findBrokenRule: FindBrokenRule,
): RowProblem | null {
  const timeMs = utcInstant(timeText);
  const field = STATUS_COLUMNS[TIME].name;
  if (timeMs === null) return { field, value: timeText, rule: TIME_RULE };
  const brokenRule = findBrokenRule(timeMs);
  if (brokenRule !== null) return { field, value: timeText, rule: brokenRule };
  const status = statusText.toLowerCase();
  const isActive = status === "active" || status === "1";
  if (!isActive && status !== "inactive" && status !== "0") {
    return { field: "status", value: statusText, rule: STATUS_RULE };
  }
  buffer.addOf(id, timeMs, isActive);
  return null;
}

/** The time of a text that may end in UTC unless it has an offset; or null. */
function utcInstant(text: string): number | null {
  const bare = text.replace(UTC_SUFFIX, "");
  const time = parseWallTime(bare);
  if (time === null) return null;
  const { wallMs, offsetMs } = time;
  if (offsetMs !== offsetMs) return wallMs;
  return bare === text ? wallMs - offsetMs : null;
}

/** Where a field without quotes ends; -1 if it contains a quote. */
function plainEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at]; byte !== COMMA && byte !== LF && byte !== CR; byte = bytes[++at]) {
    if (byte === QUOTE) return -1;
  }
  return at;
}

/** Where a word ends that is given in lower case and may come in any case; -1 if it is another. */
function matchEnd(bytes: Uint8Array, start: number, word: Uint8Array): number {
  for (let i = 0; i < word.length; i++) {
    if ((bytes[start + i] | LOWER_CASE) !== word[i]) return -1;
  }
  return start + word.length;
}

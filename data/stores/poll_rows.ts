/**
 * Polls from the bytes of an upload: whose, when, active or not.
 *
 * A plain record is read straight from its bytes. Any other one is looked at as fields, which also
 * finds what to say about it.
 *
 * @module
 */

import { END_OF_TIME_MS, FIRST_TIME_MS } from "../limits.ts";
import type { PollBuffer } from "./poll_buffer.ts";
import { STATUS_COLUMNS, storeIdProblem } from "./columns.ts";
import type { TableHeader } from "../text/table_header.ts";
import { createTableReader, type TableRows } from "../text/table_read.ts";
import { compileTimeFormat } from "../time/time_format.ts";
import { parseWallTime } from "../time/time_text.ts";
import type { RecordReader, RowProblem } from "../text/upload_reader.ts";

const LF = 10, CR = 13, SPACE = 32, QUOTE = 34, COMMA = 44, ZERO = 48, ONE = 49;
const UPPER_U = 85, UPPER_T = 84, UPPER_C = 67;
/** Or-ed to the byte of a letter, it makes the small letter. */
const SMALL = 32;
const STORE = 0, TIME = 1;
const ACTIVE = new TextEncoder().encode("active");
const INACTIVE = new TextEncoder().encode("inactive");
const UTC_SUFFIX = / *utc$/i;
const STATUS_RULE = "active or inactive, or 1 or 0";
const TIME_RULE = "a time as 2023-01-25 12:09:39.388884 UTC or as in ISO 8601";

/** A reader of an upload of polls into a buffer. */
export function createPollReader(buffer: PollBuffer): RecordReader {
  return createTableReader({
    columns: STATUS_COLUMNS,
    createRows: (header): TableRows => ({
      readPlain: createPlainReader(header, buffer),
      readFields: (texts) => readPoll(texts, buffer),
    }),
  });
}

function createPlainReader(
  { roles }: TableHeader,
  buffer: PollBuffer,
): NonNullable<TableRows["readPlain"]> {
  const { scan } = compileTimeFormat("iso");
  const time = { wallMs: NaN, offsetMs: NaN };
  let isActive = false;

  /** Where a time ends, a UTC behind it included; or -1. */
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
    isActive = (first | SMALL) === ACTIVE[0];
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
    if (!(timeMs >= FIRST_TIME_MS && timeMs < END_OF_TIME_MS)) return -1;
    buffer.add(timeMs, isActive);
    return at;
  };
}

function readPoll(
  [id, timeText, statusText]: readonly string[],
  buffer: PollBuffer,
): RowProblem | null {
  const idProblem = storeIdProblem(id);
  if (idProblem !== null) return idProblem;
  const timeMs = utcInstant(timeText);
  const field = STATUS_COLUMNS[TIME].name;
  if (timeMs === null) return { field, value: timeText, rule: TIME_RULE };
  if (timeMs < FIRST_TIME_MS || timeMs >= END_OF_TIME_MS) {
    return { field, value: timeText, rule: "a time of the years 1970 to 9999" };
  }
  const status = statusText.toLowerCase();
  const isActive = status === "active" || status === "1";
  if (!isActive && status !== "inactive" && status !== "0") {
    return { field: "status", value: statusText, rule: STATUS_RULE };
  }
  buffer.addOf(id, timeMs, isActive);
  return null;
}

/** The time of a text that may end in UTC, where it says no other offset; or null. */
function utcInstant(text: string): number | null {
  const bare = text.replace(UTC_SUFFIX, "");
  const time = parseWallTime(bare);
  if (time === null) return null;
  const { wallMs, offsetMs } = time;
  if (offsetMs !== offsetMs) return wallMs;
  return bare === text ? wallMs - offsetMs : null;
}

/** Where a field without quotes ends, or -1. */
function plainEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at]; byte !== COMMA && byte !== LF && byte !== CR; byte = bytes[++at]) {
    if (byte === QUOTE) return -1;
  }
  return at;
}

/** Where a field ends that begins with these small letters, in any case, or -1. */
function matchEnd(bytes: Uint8Array, start: number, wanted: Uint8Array): number {
  for (let i = 0; i < wanted.length; i++) if ((bytes[start + i] | SMALL) !== wanted[i]) return -1;
  return start + wanted.length;
}

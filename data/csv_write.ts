/**
 * Readings as CSV text (RFC 4180 with LF): a header, then one line a reading, a missing value as
 * an empty field. Ids and numbers need no quotes.
 *
 * The text of a line is put together from texts made before: `HH:MM:00Z,id,` for each minute of a
 * day and one text a mantissa (`data/decimal.ts`), which saves most of the work of a line.
 *
 * @module
 */

import { decimalWriter } from "./decimal.ts";
import { DAY_MS, dayStartMs, MINUTE_MS } from "./limits.ts";
import { lowerBound, type Page, slicePage } from "./page.ts";
import type { Profile } from "./profile.ts";

/** Writes the file of one series. */
export interface CsvWriter {
  /** The header line. */
  header(): string;
  /** One line a reading of the page. */
  lines(page: Page): string;
}

/** A writer for the series of an id, its columns those of the profile. */
export function createCsvWriter(profile: Profile, id: string): CsvWriter {
  const clockOf = createClockWriter(`Z,${id},`);
  return {
    header: () =>
      `timestamp,${profile.idColumn},${profile.metrics.map(({ name }) => name).join(",")}\n`,
    lines(page) {
      let text = "";
      for (let row = 0; row < page.timesMs.length;) {
        const dayMs = dayStartMs(page.timesMs[row]);
        const end = lowerBound(page.timesMs, dayMs + DAY_MS);
        const day = { dayMs, dayText: new Date(dayMs).toISOString().slice(0, 11), clockOf };
        text += dayLines(slicePage(page, row, end), day);
        row = end;
      }
      return text;
    },
  };
}

/** What the lines of one day begin with. */
interface Day {
  readonly dayMs: number;
  readonly dayText: string;
  readonly clockOf: (ofDayMs: number) => string;
}

function dayLines(page: Page, day: Day): string {
  const { timesMs, columns } = page;
  const last = columns.length - 1;
  const writers = columns.map(({ scale }, index) =>
    decimalWriter(scale, index === last ? "\n" : ",")
  );
  if (columns.length === 4) return fourColumnLines(page, writers, day);
  let text = "";
  for (let row = 0; row < timesMs.length; row++) {
    text += day.dayText + day.clockOf(timesMs[row] - day.dayMs);
    for (let column = 0; column <= last; column++) {
      text += writers[column](columns[column].values[row]);
    }
  }
  return text;
}

/** The same for the profiles that matter most: one template a line, no inner loop. */
function fourColumnLines(
  { timesMs, columns }: Page,
  [textA, textB, textC, textD]: ((value: number) => string)[],
  { dayMs, dayText, clockOf }: Day,
): string {
  const [a, b, c, d] = columns.map(({ values }) => values);
  let text = "";
  for (let row = 0; row < timesMs.length; row++) {
    const clock = clockOf(timesMs[row] - dayMs);
    text += `${dayText}${clock}${textA(a[row])}${textB(b[row])}${textC(c[row])}${textD(d[row])}`;
  }
  return text;
}

/** What writes a time of day, milliseconds, and the text behind it; whole minutes are kept. */
function createClockWriter(behind: string): (ofDayMs: number) => string {
  const wholeMinutes = Array.from(
    { length: 1440 },
    (_, minute) => `${clockText(minute)}:00${behind}`,
  );
  return (ofDayMs) => {
    const minute = Math.floor(ofDayMs / MINUTE_MS);
    const ofMinuteMs = ofDayMs - minute * MINUTE_MS;
    if (ofMinuteMs === 0) return wholeMinutes[minute];
    return `${clockText(minute)}:${secondText(ofMinuteMs)}${behind}`;
  };
}

function clockText(minute: number): string {
  return `${pad(Math.floor(minute / 60), 2)}:${pad(minute % 60, 2)}`;
}

function secondText(ofMinuteMs: number): string {
  const milli = ofMinuteMs % 1000;
  const second = pad((ofMinuteMs - milli) / 1000, 2);
  return milli === 0 ? second : `${second}.${pad(milli, 3)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
